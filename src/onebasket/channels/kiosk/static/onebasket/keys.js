// A keyboard of our own, for a screen without one: big keys at its foot, shown when a finger touches a field.
"use strict";
(() => {
  const LETTERS = { en: ["qwertyuiop", "asdfghjkl", "zxcvbnm"], de: ["qwertzuiopü", "asdfghjklöä", "yxcvbnmß"] };
  const WORDS = {
    en: { shift: "Shift", back: "Delete", space: "Space", done: "Done", next: "Next", find: "Find", name: "Keyboard" },
    de: { shift: "Umschalten", back: "Löschen", space: "Leerzeichen", done: "Fertig", next: "Weiter", find: "Suchen", name: "Tastatur" },
  };
  const language = document.documentElement.lang in LETTERS ? document.documentElement.lang : "en";
  const words = WORDS[language];
  let board = null, field = null, capital = false;

  const rowsOf = (set) => {
    if (set === "number") return [["1", "2", "3"], ["4", "5", "6"], ["7", "8", "9"], ["back", "0", "done"]];
    const letters = LETTERS[language].map((row) => [...row]);
    letters[2] = ["shift", ...letters[2], "back"];
    const last = { words: ["-", "space", "find"], mail: ["@", ".", "-", "_", "+", "space", "next"], name: ["-", "'", "space", "next"] };
    return [[..."1234567890"], ...letters, last[set] || last.words];
  };
  const LABELS = { shift: "⇧", back: "⌫", space: "" };

  const make = (set) => {
    const made = document.createElement("div");
    made.className = "keys";
    made.dataset.set = set;
    made.setAttribute("role", "region");
    made.setAttribute("aria-label", words.name);
    for (const row of rowsOf(set)) {
      const line = document.createElement("div");
      for (const key of row) {
        const button = document.createElement("button");
        button.type = "button";
        button.tabIndex = -1; // whoever has a keyboard with a Tab key needs none of these
        button.dataset.key = key;
        if (key.length > 1) { button.classList.add(key === "space" ? "space" : "far"); button.setAttribute("aria-label", words[key]); }
        if (key === "find" || key === "next" || key === "done") button.classList.add("main");
        button.textContent = key.length === 1 ? key : LABELS[key] ?? words[key];
        line.append(button);
      }
      made.append(line);
    }
    // The focus stays in the field: what is typed is heard and seen there.
    made.addEventListener("pointerdown", (event) => event.preventDefault());
    made.addEventListener("click", (event) => { const key = event.target.closest("[data-key]"); if (key) press(key.dataset.key); });
    return made;
  };

  const upper = (key) => { const one = key.toLocaleUpperCase(language); return one.length === 1 ? one : key; }; // ß stays
  const write = (text, before = 0) => {
    const from = Math.max(0, field.selectionStart - (field.selectionStart === field.selectionEnd ? before : 0));
    field.setRangeText(text, from, field.selectionEnd, "end");
    field.dispatchEvent(new InputEvent("input", { bubbles: true }));
  };
  const shift = (on) => {
    capital = on;
    for (const one of board.querySelectorAll("[data-key]")) if (one.dataset.key.length === 1) one.textContent = on ? upper(one.dataset.key) : one.dataset.key;
    const key = board.querySelector("[data-key=shift]");
    if (key) { key.classList.toggle("down", on); key.setAttribute("aria-pressed", String(on)); }
  };
  const starts = () => board.dataset.set === "name" && (!field.value || /[\s-]$/.test(field.value));

  const press = (key) => {
    if (!field) return;
    if (key === "shift") { shift(!capital); return; }
    if (key === "back") write("", 1);
    else if (key === "space") write(" ");
    else if (key === "done") { hide(); return; }
    else if (key === "find") { const form = field.form; hide(); form.requestSubmit(); return; }
    else if (key === "next") { next(); return; }
    else write(capital ? upper(key) : key);
    shift(starts());
  };
  const next = () => {
    const fields = [...field.form.querySelectorAll("[data-keys]")], after = fields[fields.indexOf(field) + 1];
    if (after) { after.focus(); show(after); } else { hide(); }
  };

  const show = (one) => {
    const set = one.dataset.keys;
    if (!board || board.dataset.set !== set) { if (board) board.remove(); board = make(set); document.body.append(board); }
    // What was sought before is replaced by what is sought now; a second touch puts the caret where one wants it.
    if (field !== one && set === "words") one.select();
    field = one;
    board.hidden = false;
    document.body.classList.add("typing");
    shift(starts());
    one.scrollIntoView({ block: "center" });
  };
  const hide = () => {
    if (!board || board.hidden) return;
    board.hidden = true;
    document.body.classList.remove("typing");
    if (field) field.blur();
    field = null;
  };

  // A finger brings it, a keyboard under somebody's hands does not; a mouse does, for it is a finger on some screens.
  document.addEventListener("pointerdown", (event) => {
    const one = event.target.closest("[data-keys]");
    if (one) one.inputMode = "none";
  }, { capture: true });
  document.addEventListener("click", (event) => {
    const one = event.target.closest("[data-keys]");
    if (one && event.detail) show(one);
    else if (board && !board.hidden && !event.target.closest(".keys") && !event.target.closest("label")) hide();
  });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape" || event.key === "Tab") hide(); });
})();
