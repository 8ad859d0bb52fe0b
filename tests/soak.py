#!/usr/bin/env python3
"""A mixed load for as long as one likes, and how much memory the server takes meanwhile.

    soak.py BASE USER PASSWORD --pid PID [--minutes 60] [--clients 4] [--rate 40] [--out soak.csv]

Each client reads lists, details and searches, books stock in and out, moves it, makes and deletes parts, uploads and deletes attachments and asks
for exports, so many requests a second in all. Every 30 s a line is written: seconds, resident memory of the process in KiB, requests, failures.
The last line says how memory in the last quarter compares with the second: what was needed to warm up does not count. Exit status 1 if it grew by
more than a tenth, or if any answer was a 5xx. Standard library only.
"""
import argparse
import base64
import http.client
import json
import random
import sys
import threading
import time
import urllib.parse


class Client(threading.Thread):
    def __init__(self, number, args, stop):
        super().__init__(daemon=True)
        self.random = random.Random(number)
        self.args, self.stop, self.number = args, stop, number
        self.done = self.failed = 0
        where = urllib.parse.urlsplit(args.base)
        self.connection = http.client.HTTPConnection(where.hostname, where.port, timeout=60)
        login = base64.b64encode(f"{args.user}:{args.password}".encode()).decode()
        token = self.call("GET", f"/api/user/token/?name=soak-{number}", login=f"Basic {login}")["token"]
        self.login = f"Token {token}"

    def call(self, method, path, body=None, login=None, kind="application/json"):
        headers = {"Authorization": login or self.login, "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = kind
            body = body if isinstance(body, bytes) else json.dumps(body).encode()
        try:
            self.connection.request(method, path, body, headers)
            answer = self.connection.getresponse()
            data = answer.read()
        except (OSError, http.client.HTTPException):
            self.connection.close()
            self.failed += 1
            return None
        self.done += 1
        if answer.status >= 500:
            self.failed += 1
            print(f"{method} {path}: {answer.status} {data[:200]!r}", file=sys.stderr)
        return json.loads(data) if data and answer.status < 300 and "json" in answer.getheader("Content-Type", "") else None

    def run(self):
        pick = self.random.choice
        place = self.call("POST", "/api/stock/location/", {"name": f"soak {self.number} {time.time()}", "description": ""})["pk"]
        other = self.call("POST", "/api/stock/location/", {"name": f"soak {self.number} b {time.time()}", "description": ""})["pk"]
        part = self.call("POST", "/api/part/", {"name": f"soak {self.number} {time.time()}", "description": "for the soak"})["pk"]
        item = self.call("POST", "/api/stock/", {"part": part, "quantity": 1000000, "location": place})[0]["pk"]
        pause = self.args.clients / self.args.rate
        turn = 0
        while not self.stop.is_set():
            turn += 1
            kind = self.random.random()
            if kind < 0.25:
                self.call("GET", f"/api/part/?limit=25&offset={self.random.randrange(0, 400, 25)}&category_detail=true")
            elif kind < 0.40:
                self.call("GET", f"/api/stock/?limit=25&offset={self.random.randrange(0, 400, 25)}&part_detail=true&location_detail=true")
            elif kind < 0.50:
                self.call("GET", f"/api/part/{part}/")
            elif kind < 0.60:
                self.call("GET", f"/api/part/?limit=10&search={pick(['resistor', 'bolt', 'widget', 'chair', '10k'])}")
            elif kind < 0.70:
                self.call("POST", pick(["/api/stock/add/", "/api/stock/remove/"]), {"items": [{"pk": item, "quantity": 1}], "notes": "soak"})
            elif kind < 0.75:
                self.call("POST", "/api/stock/transfer/", {"items": [{"pk": item, "quantity": 1000000}], "location": pick([place, other])})
            elif kind < 0.82:
                made = self.call("POST", "/api/part/", {"name": f"soak part {self.number} {turn} {time.time()}", "description": "x" * 200, "active": False})
                if made:
                    self.call("DELETE", f"/api/part/{made['pk']}/")
            elif kind < 0.86:
                form = (f"--b\r\nContent-Disposition: form-data; name=\"model_type\"\r\n\r\npart\r\n--b\r\nContent-Disposition: form-data; name=\"model_id\"\r\n\r\n{part}\r\n"
                        "--b\r\nContent-Disposition: form-data; name=\"attachment\"; filename=\"soak.bin\"\r\n\r\n").encode() + bytes(200_000) + b"\r\n--b--\r\n"
                made = self.call("POST", "/api/attachment/", form, kind="multipart/form-data; boundary=b")
                if made:
                    self.call("DELETE", f"/api/attachment/{made['pk']}/")
            elif kind < 0.88:
                self.call("GET", "/api/part/?export=true&export_format=csv&limit=100")
            elif kind < 0.94:
                self.call("GET", f"/api/stock/track/?item={item}&limit=25")
            else:
                self.call("OPTIONS", pick(["/api/part/", "/api/stock/", "/api/order/po/"]))
            time.sleep(pause * self.random.uniform(0.5, 1.5))


def resident(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as h:
        return next(int(line.split()[1]) for line in h if line.startswith("VmRSS"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("base")
    parser.add_argument("user")
    parser.add_argument("password")
    parser.add_argument("--pid", type=int, required=True)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--rate", type=float, default=40)
    parser.add_argument("--out", default="soak.csv")
    args = parser.parse_args()
    stop = threading.Event()
    clients = [Client(i, args, stop) for i in range(args.clients)]
    for client in clients:
        client.start()
    began, samples = time.monotonic(), []
    with open(args.out, "w", encoding="ascii") as out:
        while time.monotonic() - began < args.minutes * 60:
            time.sleep(min(30, args.minutes * 15))
            line = (round(time.monotonic() - began), resident(args.pid), sum(c.done for c in clients), sum(c.failed for c in clients))
            samples.append(line)
            print(*line, sep=",", file=out, flush=True)
    stop.set()
    quarter = max(1, len(samples) // 4)
    second, last = (sorted(s[1] for s in part) for part in (samples[quarter:2 * quarter] or samples, samples[-quarter:]))
    before, after = second[len(second) // 2], last[len(last) // 2]
    done, failed = samples[-1][2:]
    print(f"{done} requests, {failed} failed; resident memory {before} KiB in the second quarter, {after} KiB in the last ({100 * after / before - 100:+.1f} %)")
    return 1 if failed or after > before * 1.1 else 0


if __name__ == "__main__":
    sys.exit(main())
