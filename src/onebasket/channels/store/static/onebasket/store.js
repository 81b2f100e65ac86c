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
