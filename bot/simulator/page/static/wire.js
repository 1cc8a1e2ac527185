// The line to the demo: one stream of changes in, small requests out.

const HEADERS = { "X-Page": "phones" };

/** What the demo refused, or could not be asked. `isAway` tells the second from the first. */
export class Failed extends Error {
  constructor(message, isAway) {
    super(message);
    this.isAway = isAway;
  }
}

async function request(path, init) {
  let response;
  try {
    response = await fetch(path, { method: "POST", ...init });
  } catch (fault) {
    throw new Failed(String(fault), true);
  }
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new Failed(body.error ?? response.statusText, false);
  return body;
}

export function post(name, body) {
  return request(`api/${name}`, { headers: { ...HEADERS, "Content-Type": "application/json" }, body: JSON.stringify(body) });
}

export function upload(user, chat, file) {
  const query = new URLSearchParams({ user, chat, name: file.name });
  return request(`api/file?${query}`, { headers: { ...HEADERS, "Content-Type": file.type || "application/octet-stream" }, body: file });
}

/**
 * Look at these phones until the next call: `state` is everything, `change` what changed since.
 * The browser reconnects by itself, and is told everything anew.
 */
export class Line {
  constructor({ state, change, lost }) {
    this.on = { state, change, lost };
    this.source = null;
  }

  look(phones) {
    this.source?.close();
    clearTimeout(this.again);
    const query = new URLSearchParams(phones.map(({ user, chat }) => ["phone", `${user}:${chat ?? ""}`]));
    const source = new EventSource(`api/events?${query}`);
    this.source = source;
    source.addEventListener("state", (event) => {
      this.on.lost(false);
      this.on.state(JSON.parse(event.data));
    });
    source.addEventListener("change", (event) => this.on.change(JSON.parse(event.data)));
    source.addEventListener("error", () => {
      this.on.lost(true);
      // refused for good: the city these people lived in is gone, ask for another
      if (source.readyState === EventSource.CLOSED) this.again = setTimeout(() => this.look([]), 2000);
    });
  }
}
