// The pulse's own script: colour scheme, honest freshness, rest while nobody looks, and a word when the hub is away.
"use strict";
(() => {
  const KEY = "onebasket-scheme", SCHEMES = ["auto", "light", "dark"], root = document.documentElement;
  const stored = () => { try { return localStorage.getItem(KEY) || "auto"; } catch { return "auto"; } };
  const paint = (scheme) => { if (scheme === "auto") delete root.dataset.scheme; else root.dataset.scheme = scheme; };
  paint(stored());

  const schemeButton = () => {
    const button = document.getElementById("scheme");
    if (!button) return;
    let scheme = stored();
    const name = () => { button.querySelector("span").textContent = button.title = button.dataset[scheme]; };
    button.hidden = false; name();
    button.addEventListener("click", () => {
      scheme = SCHEMES[(SCHEMES.indexOf(scheme) + 1) % SCHEMES.length];
      try { localStorage.setItem(KEY, scheme); } catch { /* the choice then lasts for this page */ }
      paint(scheme); name();
    });
  };

  // The figures' freshness: a state (live, paused, lost) and how far behind the tills the last answer was.
  const freshness = () => {
    const live = document.getElementById("live"), lost = document.getElementById("lost");
    if (!live) return;
    const words = live.querySelector("span");
    const say = (state, text) => { live.className = `live ${state}`; words.textContent = text; };
    const digits = new Intl.NumberFormat(root.lang, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
    let answered = new Date(), missed = 0;
    const isPoll = (event) => event.detail.elt && event.detail.elt.id === "figures";
    const onAnswer = (seconds) => {
      answered = new Date(); missed = 0; lost.hidden = true;
      const span = seconds < 60
        ? live.dataset.seconds.replace("{number}", digits.format(seconds))
        : live.dataset.minutes.replace("{number}", String(Math.floor(seconds / 60)));
      if (seconds < 3600) say("", live.dataset.live.replace("{span}", span));
      else live.className = "live";
    };
    const onMiss = () => {
      missed += 1;
      if (missed < 2) return;
      document.getElementById("lost-since").textContent = answered.toLocaleTimeString(root.lang);
      lost.hidden = false; say("lost", live.dataset.lost);
    };
    document.body.addEventListener("htmx:beforeRequest", (event) => {
      if (isPoll(event) && document.hidden) event.preventDefault();
    });
    document.body.addEventListener("htmx:afterRequest", (event) => {
      if (!isPoll(event)) return;
      const xhr = event.detail.xhr, behind = xhr && xhr.getResponseHeader("X-Onebasket-Behind");
      if (behind !== null && xhr.status < 400) onAnswer(Number(behind));
      else if (xhr && xhr.status && xhr.responseURL.includes("/login/")) location.reload();
      else onMiss();
    });
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) say("paused", live.dataset.paused);
      else document.body.dispatchEvent(new CustomEvent("onebasket:seen"));
    });
  };

  // A swap must not take the keyboard's place away, nor close a table that somebody reads.
  const keepPlace = () => {
    let place = null, open = [];
    document.body.addEventListener("htmx:beforeSwap", (event) => {
      if (event.detail.target.id !== "figures") return;
      const box = event.detail.target, focused = document.activeElement;
      const inside = [...box.querySelectorAll("a, summary, [tabindex]")];
      place = box.contains(focused) ? { at: inside.indexOf(focused), href: focused.getAttribute("href") } : null;
      open = [...box.querySelectorAll("details[open]")].map((item) => [item.id, item.querySelector(".scroll").scrollTop]);
    });
    document.body.addEventListener("htmx:afterSwap", () => {
      const box = document.getElementById("figures");
      if (!box) return;
      for (const [id, top] of open) {
        const item = document.getElementById(id);
        if (item) { item.open = true; item.querySelector(".scroll").scrollTop = top; }
      }
      if (!place) return;
      const inside = [...box.querySelectorAll("a, summary, [tabindex]")];
      const same = place.href && inside.find((item) => item.getAttribute("href") === place.href);
      const next = same || inside[place.at];
      if (next) next.focus({ preventScroll: true });
      place = null;
    });
  };

  document.addEventListener("DOMContentLoaded", () => {
    schemeButton(); freshness(); keepPlace();
    const now = document.querySelector(".top nav [aria-current]");
    if (now) now.parentElement.scrollLeft = now.offsetLeft - now.parentElement.offsetLeft - 40;
  });
})();
