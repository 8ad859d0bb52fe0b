// The button by which somebody signs in with a passkey. It shows where the browser can do that: on https pages and on this machine.
"use strict";

(() => {
  const button = document.getElementById("passkey");
  const problem = document.getElementById("passkey-problem");
  if (!button || !window.PublicKeyCredential || !PublicKeyCredential.parseRequestOptionsFromJSON) return;

  function token() {
    const pair = document.cookie.split("; ").find((part) => part.startsWith("csrftoken="));
    return pair ? decodeURIComponent(pair.slice("csrftoken=".length)) : "";
  }

  async function signIn() {
    const path = button.dataset.path;
    const asked = await fetch(path, { cache: "no-store" });
    if (asked.status === 409) return location.assign("/accounts/login/"); // waited too long for the second step
    const { data } = await asked.json();
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(data.request_options.publicKey);
    const credential = await navigator.credentials.get({ publicKey });
    const answer = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": token() },
      body: JSON.stringify({ credential: credential.toJSON() }),
    });
    if (answer.ok || answer.status === 409) return location.assign(button.dataset.next || location.href); // 409: signed in already
    problem.textContent = answer.status === 401 ? "This account is closed." : "This passkey cannot be used here.";
  }

  button.addEventListener("click", async () => {
    problem.textContent = "";
    button.disabled = true;
    try {
      await signIn();
    } catch (error) {
      // The browser does not tell whether there is no passkey, or somebody changed their mind. It asks for none where the address is a
      // number, or is not the one that the server was told.
      const words = { NotAllowedError: "No passkey was shown.", SecurityError: "Passkeys do not work at this address; use the server's name." };
      problem.textContent = words[error.name] || "That did not work; try again.";
    } finally {
      button.disabled = false;
    }
  });
  button.hidden = false;
})();
