// The shop's own script: what it adds, a page does without it too.
"use strict";
(() => {
  // Where htmx gets no good answer, the form goes the plain way: by the same key, to a page that says what is up.
  const plainly = (event) => {
    const form = event.detail.elt && event.detail.elt.closest("form"), button = form && form.dataset.pressed;
    if (!form || event.detail.elt.id === "q") return; // suggestions come again with the next letter
    if (button) {
      const field = document.createElement("input");
      [field.type, field.name, field.value] = ["hidden", ...button.split("=")];
      form.append(field);
    }
    const part = form.querySelector("[name=part]");
    if (part) part.remove();
    form.submit();
  };
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[name]");
    if (button && button.form) button.form.dataset.pressed = `${button.name}=${button.value}`;
  });
  document.addEventListener("htmx:responseError", plainly);
  document.addEventListener("htmx:sendError", plainly);

  // How long the basket is kept yet; when that is over the page says so by itself.
  const count = () => {
    const kept = document.querySelector(".kept[data-until]");
    if (!kept) return;
    const left = Math.ceil((new Date(kept.dataset.until) - Date.now()) / 60000);
    if (left <= 0) { location.reload(); return; }
    kept.querySelector(".left").textContent = left === 1 ? kept.dataset.one : kept.dataset.many.replace("{number}", left);
    kept.classList.toggle("soon", left <= 5);
  };
  setInterval(count, 15000);
  document.addEventListener("htmx:afterSettle", count);
  count();

  // Suggestions go when Escape is pressed.
  const sought = document.getElementById("q");
  if (sought) sought.form.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { document.getElementById("may-mean").replaceChildren(); sought.focus(); }
  });

  const print = document.querySelector(".print");
  if (print) { print.hidden = false; print.addEventListener("click", () => window.print()); }
})();
