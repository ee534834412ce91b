"""The section for two columns of one's own: its frame in words. The scripts fill it; without them it stays hidden."""

SCRIPTS = ("page_recalibration.js", "page_columns.js")


def columns() -> str:
    """The section."""
    return (
        "<section id='columns' aria-labelledby='columns-title' hidden><h2 id='columns-title'>Your own two columns</h2>"
        "<p>Give rows that the model was not trained on, drawn as its training data were: a label and a prediction in each, or labels alone. "
        "<strong>Nothing leaves this page:</strong> it works without a network, and its content security policy forbids every request.</p>"
        "<div class='fields'><label><span>a csv file (or drop it here)</span><input type='file' data-part='file' accept='.csv,.tsv,.txt,text/*'></label>"
        "<label><span>or pasted rows</span><textarea data-part='text' rows='4' spellcheck='false' autocomplete='off'></textarea></label></div>"
        "<p><button type='button' data-part='example'>try an example: 2,000 generated rows</button></p>"
        "<div class='fields' data-part='chosen' hidden><label><span>label</span><select data-part='label'></select></label>"
        "<label><span>prediction</span><select data-part='prediction'></select></label></div>"
        "<p class='words' role='status' aria-live='polite' data-part='answer'></p><p><button type='button' data-part='save' hidden>save with corrected predictions</button></p>"
        "<div class='panels' data-part='charts'></div><details data-part='more' hidden><summary>the numbers</summary><div data-part='tables'></div></details>"
        "<p class='muted' data-part='command'></p></section>"
    )
