"""The explorable on top of the page: its frame in words. The script draws into it and shows it; without scripts it stays hidden."""

from __future__ import annotations

from html import escape

SCRIPTS = ("page_numbers.js", "page_explore.js")

SHAPES = {
    "skewed": "skewed: a steep rise, a long fall",
    "longtail": "long tail: ever rarer to the right",
    "bimodal": "two bumps, one half as high",
    "mild": "wide window of frequent labels",
    "moderate": "window of frequent labels",
    "severe": "narrow window of frequent labels",
    "drawn": "draw your own",
}
"""The menu, by the name of the density."""

STORIES = {
    "costs": "why imbalance costs",
    "gives": "what classes give back",
    "hurts": "when they hurt",
}
PANELS = {
    "laws": ("Two label laws", "Shaded: the share of each class."),
    "posterior": ("What one input says of its label", ""),
    "classes": ("Error above the best, against K", "Both scales are logarithmic."),
}
KEY = {
    "q": "balanced: what the score wants",
    "p": "imbalanced: what training gives",
    "plain": "with a plain classification term: the same",
    "c": "corrected with K classes",
    "w": "W, what the labels promise",
}


def _range(name: str, words: str, low: float, high: float, step: float) -> str:
    return (
        f"<label><span>{words} <b data-part='{name}-value'></b></span>"
        f"<input type='range' data-part='{name}' min='{low}' max='{high}' step='{step}' autocomplete='off'></label>"
    )


def _choice(name: str, words: str, options: dict[str, str]) -> str:
    listed = "".join(f"<option value='{value}'>{escape(text)}</option>" for value, text in options.items())
    return f"<label><span>{words}</span><select data-part='{name}' autocomplete='off'>{listed}</select></label>"


def explorable() -> str:
    """The section."""
    stories = "".join(f"<button type='button' data-story='{name}'>{words}</button>" for name, words in STORIES.items())
    fields = [
        _choice("shape", "imbalanced label law", SHAPES),
        _range("share", "imbalance", 0, 1, 0.01),
        _range("noise", "noise", -5.5, 0, 0.05),
        _range("count", "classes K", 0, 11, 1),
        _range("x", "input x", -0.2, 1.2, 0.005),
        _choice("loss", "measured in", {"log": "log-loss", "squared": "squared error"}),
    ]
    panels = "".join(
        f"<figure><figcaption><strong>{title}</strong></figcaption><svg class='panel' data-part='{name}' role='img' aria-label='{title}'></svg>"
        f"<p class='muted' {'data-part=means' if name == 'posterior' else ''}>{words}</p></figure>"
        for name, (title, words) in PANELS.items()
    )
    key = "".join(f"<span><i class='key-{kind}'></i>{words}</span>" for kind, words in KEY.items())
    return (
        "<section id='explorable' aria-labelledby='explorable-title' hidden><h2 id='explorable-title'>Try it</h2>"
        "<p>A model learns labels between 0 and 1 from a noisy input. It is trained where some labels are many and scored where all count the same.</p>"
        f"<p class='stories'>{stories}</p><p data-part='story'></p><div class='fields'>{''.join(fields)}</div>"
        "<p class='muted' data-part='draw-words' hidden>Draw in the first panel with the pointer, or with the arrow keys once it has the focus.</p>"
        f"<div class='panels'>{panels}</div><p class='key'>{key}</p><p class='words' data-part='words'></p>"
        "<p class='unseen' role='status' aria-live='polite' data-part='spoken'></p></section>"
    )
