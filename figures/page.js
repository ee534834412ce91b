(function () {
  "use strict";
  var root = document.documentElement, button = document.getElementById("theme");
  var order = ["", "light", "dark"], words = { "": "theme: as the system", light: "theme: light", dark: "theme: dark" };
  function show(theme) {
    if (theme) { root.setAttribute("data-theme", theme); } else { root.removeAttribute("data-theme"); }
    button.textContent = words[theme];
  }
  var theme = "";
  try { theme = localStorage.getItem("theme") || ""; } catch (refused) { /* a page opened from a file may have no storage */ }
  if (order.indexOf(theme) < 0) { theme = ""; }
  show(theme);
  button.hidden = false;
  button.addEventListener("click", function () {
    theme = order[(order.indexOf(theme) + 1) % order.length];
    show(theme);
    try { localStorage.setItem("theme", theme); } catch (refused) { /* as above */ }
  });

  var picture = document.getElementById("picture"), play = document.getElementById("play");
  function frames() {
    picture.classList.remove("playing");
    void picture.getBoundingClientRect();
    picture.classList.add("playing");
  }
  if (picture && !matchMedia("(prefers-reduced-motion: reduce)").matches) {
    play.hidden = false;
    play.addEventListener("click", frames);
    new IntersectionObserver(function (seen, watch) {
      if (seen.some(function (one) { return one.isIntersecting; })) { watch.disconnect(); frames(); }
    }, { threshold: 0.4 }).observe(picture);
  }

  document.querySelectorAll("nav [hidden]").forEach(function (link) { link.hidden = false; });

  var form = document.getElementById("filter"), count = document.getElementById("shown");
  var rows = Array.prototype.slice.call(document.querySelectorAll("details.claim"));
  var text = rows.map(function (row) { return row.textContent.toLowerCase(); });
  function filter() {
    var wanted = {}, left = 0;
    form.querySelectorAll("[data-filter]").forEach(function (field) { wanted[field.dataset.filter] = field.value.trim().toLowerCase(); });
    var words = wanted.words.split(/\s+/);
    rows.forEach(function (row, place) {
      var fits = words.every(function (word) { return text[place].indexOf(word) >= 0; }) && (!wanted.result || row.dataset.result === wanted.result) &&
        (!wanted.kind || row.dataset.kind === wanted.kind) && (!wanted.scope || row.dataset.scope === wanted.scope) && (!wanted.evidence || row.dataset.evidence.split(" ").indexOf(wanted.evidence) >= 0);
      row.hidden = !fits;
      left += fits ? 1 : 0;
    });
    document.querySelectorAll(".question").forEach(function (group) { group.hidden = !group.querySelector("details.claim:not([hidden])"); });
    count.textContent = left + " of " + rows.length + " claims";
  }
  form.hidden = false;
  form.addEventListener("input", filter);
  form.addEventListener("submit", function (event) { event.preventDefault(); });
  form.addEventListener("reset", function () { setTimeout(filter, 0); });
  filter();

  function open() {
    var target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) { return; }
    for (var node = target; node; node = node.parentElement) { if (node.tagName === "DETAILS") { node.open = true; } }
    target.scrollIntoView();
  }
  window.addEventListener("hashchange", open);
  open();
})();
