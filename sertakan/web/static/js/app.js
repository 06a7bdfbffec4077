/* Progressive enhancement: every page works without this file. */
(function (d) {
  "use strict";
  function all(selector, root) { return Array.prototype.slice.call((root || d).querySelectorAll(selector)); }
  var root = d.documentElement, lang = root.lang || "id";

  // before the first paint
  root.classList.add("js");
  try { if (localStorage.theme) root.setAttribute("data-theme", localStorage.theme); } catch (e) { /* storage may be off */ }

  d.addEventListener("DOMContentLoaded", function () {
    // NIK: group 4-4-4-4 while typing, read birth date and sex from digits 7 to 12 (women have day + 40)
    all("[data-nik]").forEach(function (input) {
      var out = d.getElementById(input.id + "-read");
      function read(n) {
        var day = +n.slice(6, 8), month = +n.slice(8, 10), year = +n.slice(10, 12), female = day > 40, now = new Date();
        if (female) day -= 40;
        year += year > now.getFullYear() % 100 ? 1900 : 2000;
        var born = new Date(Date.UTC(year, month - 1, day));
        if (born.getUTCDate() !== day || born.getUTCMonth() !== month - 1) return "";
        var text = born.toLocaleDateString(lang === "en" ? "en-GB" : "id-ID", { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" });
        return input.dataset.born.replace("{sex}", female ? input.dataset.female : input.dataset.male).replace("{day}", text);
      }
      function show() {
        var atEnd = input.selectionStart === input.value.length, n = input.value.replace(/[^0-9]/g, "").slice(0, 16);
        if (atEnd && /^[0-9 .-]*$/.test(input.value)) input.value = n.replace(/([0-9]{4})(?=[0-9])/g, "$1 ");
        out.className = n.length === 16 ? "good" : "hint";
        out.textContent = n.length === 16 ? read(n) : n.length ? input.dataset.count.replace("{n}", n.length) : "";
      }
      input.addEventListener("input", show);
      if (input.value) show();
    });

    // theme
    all("[data-theme-switch]").forEach(function (button) {
      button.addEventListener("click", function () {
        var now = root.getAttribute("data-theme") || (matchMedia("(prefers-color-scheme:dark)").matches ? "dark" : "light");
        now = now === "dark" ? "light" : "dark";
        root.setAttribute("data-theme", now);
        try { localStorage.theme = now; } catch (e) { /* the choice lasts for this page */ }
      });
    });

    // radio cards: mark the chosen one, show its total and its months
    all(".pick input[type=radio]").forEach(function (radio) {
      radio.addEventListener("change", function () {
        all("input[name='" + radio.name + "']", radio.form || d).forEach(function (other) {
          other.closest(".pick").classList.toggle("pick--on", other.checked);
        });
        if (radio.dataset.rupiah) all("[data-total]").forEach(function (total) { total.textContent = radio.dataset.rupiah; });
        if (radio.name === "count") all("[data-strip] > li").forEach(function (month, index) { month.hidden = index >= +radio.value; });
      });
    });

    // forms that ask again when something changes (the price of another start month); the page comes back to the same place
    all("[data-auto-submit]").forEach(function (control) {
      control.addEventListener("change", function () {
        try { sessionStorage.at = control.id; } catch (e) { /* then it starts at the top */ }
        (control.form.requestSubmit || control.form.submit).call(control.form);
      });
    });
    try { var at = d.getElementById(sessionStorage.at || ""); sessionStorage.removeItem("at"); if (at) at.focus(); } catch (e) { /* as above */ }

    // errors: the summary, or the one field, takes the focus
    var summary = d.querySelector("[data-error-summary]"), wrong = d.querySelector("[aria-invalid=true]");
    if (summary && all("li", summary).length > 1) summary.focus(); else if (wrong || summary) (wrong || summary).focus();
    // the page of errors answered a POST; to the history it is the form again, so that Back never asks to send twice
    if (summary || wrong) history.replaceState(null, "", location.href);

    // send once
    d.addEventListener("submit", function (event) {
      if (event.target.dataset.sent) { event.preventDefault(); return; }
      if (event.target.method === "post") {
        event.target.dataset.sent = "1";
        var button = event.submitter || event.target.querySelector("button:not([type=button])");
        if (button) setTimeout(function () { button.setAttribute("aria-busy", "true"); });
      }
    });
    addEventListener("pageshow", function () {
      all("form[data-sent]").forEach(function (form) { delete form.dataset.sent; });
      all("[aria-busy=true]").forEach(function (button) { button.removeAttribute("aria-busy"); });
    });

    // copy
    all("[data-copy]").forEach(function (button) {
      if (!navigator.clipboard) return;
      button.hidden = false;
      button.addEventListener("click", function () { navigator.clipboard.writeText(button.dataset.copy).then(function () { button.textContent = button.dataset.done; }); });
    });

    // print
    all("[data-print]").forEach(function (button) { button.hidden = false; button.addEventListener("click", function () { print(); }); });

    // waiting pages: look at once three times, then every 5, 15 and 60 seconds; a fragment that has no data-poll ends it
    function poll(region, round) {
      setTimeout(function () {
        if (d.hidden) { poll(region, round); return; }
        fetch(region.dataset.poll, { credentials: "same-origin", headers: { Accept: "text/html" } })
          .then(function (answer) { return answer.ok ? answer.text() : null; })
          .then(function (html) {
            if (html !== null && html.trim() && html !== region.innerHTML) region.innerHTML = html;
            var go = region.querySelector("[data-go]");
            if (go) location.assign(go.dataset.go); else if (!region.querySelector("[data-stop]")) poll(region, round + 1);
          })
          .catch(function () { poll(region, round + 1); });
      }, round < 3 ? 1000 : round < 12 ? 5000 : round < 24 ? 15000 : 60000);
    }
    all("[data-poll]").forEach(function (region) { poll(region, 0); });

    // staff keys: J K move in the queue, X ticks, / searches, a letter leads to what carries it; never while typing, and can be switched off
    var queue = d.querySelector("[data-queue]"), search = d.querySelector("[data-search]"), off = false, at = -1;
    var keyed = all("[data-key]"), rows = queue ? all("tbody tr", queue) : [];
    try { off = localStorage.keys === "off"; } catch (e) { /* on */ }
    all("[data-keys-off]").forEach(function (control) {
      control.hidden = false; control.checked = !off;
      control.addEventListener("change", function () { off = !control.checked; try { localStorage.keys = off ? "off" : "on"; } catch (e) { /* this page only */ } });
    });
    function move(step) {
      if (rows[at]) rows[at].classList.remove("is-cur");
      at = Math.max(0, Math.min(rows.length - 1, at + step));
      rows[at].classList.add("is-cur"); rows[at].querySelector("a").focus();
    }
    // ticks of the queue: a tick with Shift reaches from the last one; the counter says how many
    var picks = all("[data-pick]"), every = d.querySelector("[data-pick-all]"), picked = d.querySelector("[data-picked]"), last = -1;
    function tell() {
      var count = picks.filter(function (box) { return box.checked; }).length;
      if (picked) picked.textContent = count;
      if (every) { every.checked = count > 0 && count === picks.length; every.indeterminate = count > 0 && count < picks.length; }
    }
    function pick(box, reach) {
      var here = picks.indexOf(box);
      if (reach && last >= 0) picks.slice(Math.min(here, last), Math.max(here, last) + 1).forEach(function (one) { one.checked = box.checked; });
      last = here; tell();
    }
    picks.forEach(function (box) { box.addEventListener("click", function (event) { pick(box, event.shiftKey); }); });
    if (every) every.addEventListener("change", function () { picks.forEach(function (box) { box.checked = every.checked; }); tell(); });
    tell();
    if (queue || keyed.length) d.addEventListener("keydown", function (event) {
      if (off || event.ctrlKey || event.metaKey || event.altKey) return;
      if (/TEXTAREA|SELECT/.test(event.target.tagName) || event.target.matches("input:not([type=checkbox]):not([type=radio])")) return;
      var key = event.key.toLowerCase();
      if (key === "/" && search) { event.preventDefault(); search.focus(); }
      if ((key === "j" || key === "k") && rows.length) move(key === "j" ? 1 : -1);
      var box = key === "x" && rows[at] && rows[at].querySelector("[data-pick]");
      if (box) { box.checked = !box.checked; pick(box, event.shiftKey); }
      keyed.forEach(function (target) {
        if (key !== target.dataset.key) return;
        event.preventDefault();
        if (target.tagName === "DETAILS") target.open = true;
        (target.tagName === "DETAILS" ? target.firstElementChild : target).focus();
      });
    });

    if ("serviceWorker" in navigator && d.querySelector("link[rel=manifest]")) navigator.serviceWorker.register("/sw.js").catch(function () { /* works without */ });
  });
})(document);
