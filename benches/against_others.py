#!/usr/bin/env python3
"""The work that BENCHMARKS.md compares with InvenTree 1.4: the same inventory, the same requests, one client and eight.

    against_others.py BINARY RECORDS.json[.gz] [--media DIR|TAR] [--user admin --password inventree] [--seconds 10]

Takes the inventory over into a new folder, starts the server on it and prints a table: time to the first answer, resident memory, then for one
client the median time of a list of 25 parts, a part, a new stock item and a list of 500 parts; for eight clients (processes of their own)
lists of parts, lists of stock and parts a second. Clients and server share the machine. Standard library only.
"""
import argparse
import base64
import http.client
import json
import multiprocessing
import os
import socket
import statistics
import subprocess
import tempfile
import time
import urllib.request


class Client:
    def __init__(self, port, login):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.headers = {"Authorization": login, "Accept": "application/json", "Content-Type": "application/json"}

    def call(self, method, path, body=None):
        self.connection.request(method, path, json.dumps(body) if body is not None else None, self.headers)
        answer = self.connection.getresponse()
        data = answer.read()
        assert answer.status in (200, 201), (method, path, answer.status, data[:300])
        return json.loads(data)

    def median(self, times, method, path, body=None):
        taken = []
        for i in range(times):
            each = body(i) if callable(body) else body
            began = time.perf_counter()
            self.call(method, path, each)
            taken.append(time.perf_counter() - began)
        return statistics.median(taken) * 1000


def crowd(port, login, path, seconds, results):
    client, done, until = Client(port, login), 0, time.monotonic() + seconds
    while time.monotonic() < until:
        client.call("GET", path)
        done += 1
    results.put(done)


def eight(port, login, path, seconds):
    results = multiprocessing.Queue()
    crew = [multiprocessing.Process(target=crowd, args=(port, login, path, seconds, results)) for _ in range(8)]
    for each in crew:
        each.start()
    total = sum(results.get() for _ in crew)
    for each in crew:
        each.join()
    return total / seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("records")
    parser.add_argument("--media")
    parser.add_argument("--user", default="admin")
    parser.add_argument("--password", default="inventree")
    parser.add_argument("--seconds", type=float, default=10)
    args = parser.parse_args()
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        subprocess.run([args.binary, "import", args.records, "--data", folder, *(["--media", args.media] if args.media else [])], check=True, stdout=subprocess.DEVNULL)
        taken_over = time.perf_counter() - began
        began = time.perf_counter()
        server = subprocess.Popen([args.binary, "serve", "--listen", f"127.0.0.1:{port}", "--data", folder], stdout=subprocess.DEVNULL)
        try:
            while True:
                try:
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/api/").read()
                    break
                except OSError:
                    time.sleep(0.001)
            started = time.perf_counter() - began
            basic = "Basic " + base64.b64encode(f"{args.user}:{args.password}".encode()).decode()
            login = "Token " + Client(port, basic).call("GET", "/api/user/token/?name=against")["token"]
            client = Client(port, login)
            parts = client.call("GET", "/api/part/?limit=25&active=true&virtual=false&is_template=false&trackable=false")["results"]
            part, now = parts[0]["pk"], time.time()
            lists, details = "/api/part/?limit=25", f"/api/part/{part}/"
            for warm in range(50):
                client.call("GET", lists if warm % 2 else details)
            rows = [
                ("inventory taken over", f"{taken_over:.2f} s"),
                ("start to the first answer", f"{started * 1000:.0f} ms"),
                ("one client: list of 25 parts", f"{client.median(300, 'GET', lists):.2f} ms"),
                ("one client: a part", f"{client.median(300, 'GET', details):.2f} ms"),
                ("one client: a new stock item", f"{client.median(200, 'POST', '/api/stock/', {'part': part, 'quantity': 1}):.2f} ms"),
            ]
            for i in range(500):
                client.call("POST", "/api/part/", {"name": f"against {now} {i}", "description": "one of 500"})
            rows.append(("one client: list of 500 parts", f"{client.median(20, 'GET', '/api/part/?limit=500'):.1f} ms"))
            for what, path in [("lists of 25 parts", lists), ("lists of 25 stock items", "/api/stock/?limit=25"), ("parts", details)]:
                rows.append((f"eight clients: {what} a second", f"{eight(port, login, path, args.seconds):.0f}"))
            with open(f"/proc/{server.pid}/status", encoding="ascii") as h:
                resident = next(int(line.split()[1]) for line in h if line.startswith("VmRSS"))
            rows.append(("resident memory after all this", f"{resident / 1024:.1f} MiB"))
        finally:
            server.terminate()
            server.wait()
    print(f"| {os.cpu_count()} cores | |\n|---|---:|")
    for what, figure in rows:
        print(f"| {what} | {figure} |")


if __name__ == "__main__":
    main()
