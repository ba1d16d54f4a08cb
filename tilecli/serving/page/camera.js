// The camera in its dialog: what it sees, and one picture of it.

import { clock } from "./words.js";

const WHY = {
  NotAllowedError: "The camera was refused. Allow it for this page beside the address, then try again.",
  NotFoundError: "No camera was found. Plug one in, then try again.",
  NotReadableError: "Another program holds the camera. Close it there, then try again.",
  OverconstrainedError: "This camera cannot be opened. Choose another one.",
};

/** box: the dialog. take(files) gets the picture. */
export function openCamera(box, take) {
  const live = box.querySelector("video");
  const why = box.querySelector("#camera-why");
  const which = box.querySelector("#which");
  const shoot = box.querySelector("#shoot");
  let stream = null;
  let closed = false;

  const halt = () => stream?.getTracks().forEach(track => track.stop());

  async function start(device) {
    halt();
    why.textContent = "";
    shoot.disabled = true;
    const wanted = device ? { deviceId: { exact: device } } : { facingMode: "environment" };
    try {
      const opened = await navigator.mediaDevices.getUserMedia({
        video: { ...wanted, width: { ideal: 4096 }, height: { ideal: 4096 } },
      });
      stream = opened;
      if (closed) return halt();
      live.srcObject = opened;
      await live.play();
      shoot.disabled = false;
      shoot.focus();
      await offer(opened.getVideoTracks()[0].getSettings().deviceId);
    } catch (error) {
      if (!closed) why.textContent = WHY[error.name] ?? `The camera does not start (${error.message}).`;
    }
  }

  async function offer(current) {
    const devices = await navigator.mediaDevices.enumerateDevices();
    const cameras = devices.filter(({ kind }) => kind === "videoinput");
    const options = cameras.map(({ deviceId, label }, index) => new Option(label || `Camera ${index + 1}`, deviceId));
    which.replaceChildren(...options);
    which.value = current;
    which.hidden = cameras.length < 2;
  }

  async function picture() {
    const canvas = new OffscreenCanvas(live.videoWidth, live.videoHeight);
    canvas.getContext("2d").drawImage(live, 0, 0);
    const data = await canvas.convertToBlob({ type: "image/png" }); // what it saw, with no compression's own spots
    box.close();
    take([new File([data], `camera-${clock()}.png`, { type: "image/png" })]);
  }

  const events = new AbortController();
  const { signal } = events;
  shoot.addEventListener("click", picture, { signal });
  which.addEventListener("change", () => start(which.value), { signal });
  box.querySelector("#camera-close").addEventListener("click", () => box.close(), { signal });
  box.addEventListener("close", () => {
    closed = true;
    halt();
    live.srcObject = null;
    events.abort();
  }, { signal });
  box.showModal();
  start(null);
}
