// The kiosk's own script: scans go to the search field wherever they come, and what is left behind is cleared.
"use strict";
(() => {
  const body = document.body, sought = document.getElementById("q"), over = document.getElementById("over");

  // A page that the browser kept for its back button is one of before: ask for it anew.
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

  // A scanner types wherever the focus is. Outside of a field its first character goes to the search, in place of what
  // stands there. A code that comes behind words takes their place: nobody types so many digits so fast.
  const FAST = 100, typed = [];
  const isTyping = (one) => one && one.matches("input:not([type=radio]):not([type=hidden]), textarea");
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || !sought) return;
    if (event.key.length === 1) {
      typed.push(event.timeStamp);
      if (!isTyping(document.activeElement) && event.key !== " ") { sought.focus(); sought.select(); }
    } else if (event.key === "Enter" && document.activeElement === sought) {
      const code = /\D(\d{8,14})$/.exec(sought.value);
      if (code && typed.length >= code[1].length) {
        const first = typed[typed.length - code[1].length];
        if (event.timeStamp - first < FAST * code[1].length) sought.value = code[1];
      }
      typed.length = 0;
    }
  });

  // A form is sent once.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("form[method=post]:not([hx-post])")) return;
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
    setTimeout(() => delete form.dataset.sent, 4000);
  });

  // What was sent whole is not asked for once more as something that is being typed.
  let whole = null;
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.elt.id === "seek") whole = sought.value;
    else if (event.detail.elt === sought && sought.value === whole) event.preventDefault();
  });
  // A whole code or word was answered in the middle of the page: the next scan begins anew.
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id !== "found") return;
    const here = document.querySelector(".dock [aria-current]");
    if (here) here.removeAttribute("aria-current");
    if (event.detail.requestConfig && event.detail.requestConfig.elt.id === "seek" && sought) sought.blur();
  });

  // Where htmx gets no good answer, the form goes the plain way: by the same key, to a page that says what is up.
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[name]");
    if (button && button.form) button.form.dataset.pressed = `${button.name}=${button.value}`;
  });
  const plainly = (event) => {
    const one = event.detail.elt, form = one && one.closest("form");
    if (!form || one === sought) return; // what is being typed is asked for again with the next letter
    const field = document.createElement("input");
    [field.type, field.name, field.value] = ["hidden", ...(form.dataset.pressed || "").split("=")];
    if (field.name) form.append(field);
    const part = form.querySelector("[name=part]");
    if (part) part.remove();
    form.submit();
  };
  document.addEventListener("htmx:responseError", plainly);
  document.addEventListener("htmx:sendError", plainly);

  // Is anybody there? A page that nobody has used has nothing to clear.
  const idle = document.getElementById("idle");
  let used = body.dataset.page !== "start" || "used" in body.dataset, touched = Date.now(), leaving = false;
  const SECONDS = { idle: Number(body.dataset.idle), count: Number(body.dataset.count) };
  const touch = () => { used = true; touched = Date.now(); if (idle && idle.open) idle.close(); };
  for (const kind of ["pointerdown", "keydown", "wheel", "input"]) addEventListener(kind, (event) => {
    if (!(idle && idle.open)) touch();
    else if (kind === "keydown" && event.key === "Escape") touch();
  }, { passive: true, capture: true });

  // Cleared is cleared: the page goes out of sight at once, and the first page comes when the hub has let go.
  const leave = async () => {
    if (leaving || !over) return;
    leaving = true;
    body.classList.add("over");
    if (idle && idle.open) idle.close();
    const sent = new FormData(over);
    sent.set("quietly", "1");
    let next = body.dataset.start;
    for (;;) {
      try {
        const answer = await fetch(over.action, { method: "POST", body: sent, redirect: "manual" });
        if (answer.status === 204 || answer.type === "opaqueredirect") break;
        if (answer.status === 403) { next = over.action; break; } // the form's token is lost: the plain link ends it, too
      } catch { /* the hub is away: nothing is shown until it is back */ }
      await new Promise((resume) => setTimeout(resume, 3000));
    }
    location.replace(next);
  };
  const look = () => {
    if (!used || !idle || leaving) return;
    const gone = (Date.now() - touched) / 1000;
    if (gone < SECONDS.idle) return;
    const left = Math.ceil(SECONDS.idle + SECONDS.count - gone);
    if (left <= 0) { leave(); return; }
    if (!idle.open) idle.showModal();
    idle.querySelector(".seconds b").textContent = left;
  };
  if (idle) {
    idle.querySelector("[data-stay]").addEventListener("click", touch);
    idle.querySelector("[data-over]").addEventListener("click", leave);
    idle.addEventListener("cancel", touch);
    setInterval(look, 250);
    document.addEventListener("visibilitychange", look);
  }

  // The basket has gone to a phone: then the kiosk says so, and forgets it.
  const waits = document.querySelector("[data-state]");
  if (waits) {
    const ask = async () => {
      if (leaving) return;
      try {
        const answer = await fetch(waits.dataset.state, { cache: "no-store" });
        if (answer.status === 200 && (await answer.text()) === "taken") { location.replace(waits.dataset.gone); return; }
      } catch { /* asked again */ }
      setTimeout(ask, 2000);
    };
    setTimeout(ask, 2000);
  }
  const end = document.querySelector("[data-end]");
  if (end) setTimeout(leave, 1000 * Number(end.dataset.end));

  const print = document.querySelector("[data-print]");
  if (print) { print.hidden = false; print.addEventListener("click", () => window.print()); }
})();
