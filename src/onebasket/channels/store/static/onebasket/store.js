/* What makes picking faster where scripts run: a form is sent once, and the camera reads codes where the browser can. */
"use strict";

for (const form of document.querySelectorAll("form[method=post]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
    setTimeout(() => delete form.dataset.sent, 4000);
  });
}

for (const button of document.querySelectorAll("[data-share]")) {
  if (!navigator.share) continue;
  button.hidden = false;
  button.addEventListener("click", () => {
    navigator.share({ title: button.dataset.title, url: button.dataset.share }).catch(() => {});
  });
}

// A scan is answered in place: the page stays, and the field waits for the next one.
const looking = document.querySelector("form[data-swap]");
if (looking) looking.addEventListener("submit", async (event) => {
  event.preventDefault();
  const address = `${looking.action}?${new URLSearchParams(new FormData(looking))}`;
  try {
    const answer = await fetch(address, { credentials: "same-origin" });
    const there = new DOMParser().parseFromString(await answer.text(), "text/html");
    const found = there.getElementById("answer"), field = looking.querySelector("[data-scan]");
    if (!found) throw new Error("another page");
    document.getElementById("answer").replaceWith(document.adoptNode(found));
    document.title = there.title;
    history.replaceState(null, "", address);
    field.value = "";
    field.focus();
  } catch { location.assign(address); }
});

const FORMATS = ["ean_13", "ean_8", "upc_a", "upc_e", "code_128", "qr_code", "itf"];

async function read(scan) {
  const video = scan.querySelector("video");
  const field = scan.querySelector("[data-scan]");
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  const stop = () => {
    for (const track of stream.getTracks()) track.stop();
    video.hidden = true;
  };
  video.srcObject = stream;
  video.hidden = false;
  await video.play();
  const detector = new BarcodeDetector({ formats: FORMATS });
  while (!video.hidden) {
    const [found] = await detector.detect(video).catch(() => []);
    if (found) {
      field.value = found.rawValue;
      stop();
      field.form.requestSubmit(field.form.querySelector("button[type=submit]"));
      return;
    }
    await new Promise((resume) => setTimeout(resume, 120));
  }
  stop();
}

if ("BarcodeDetector" in window && navigator.mediaDevices) {
  for (const button of document.querySelectorAll("[data-camera]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const scan = button.closest(".scan");
      const video = scan.querySelector("video");
      if (!video.hidden) video.hidden = true;
      else read(scan).catch(() => (button.hidden = true));
    });
  }
}
