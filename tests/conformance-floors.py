#!/usr/bin/env python3
"""Keeps what conforms conforming: no domain may fall below the share it has reached.

    conformance-floors.py REPORT.json FLOORS.tsv --table OUTPUT.txt     compare; exit status 1 if a domain is below its floor
    conformance-floors.py REPORT.json FLOORS.tsv --table OUTPUT.txt --raise    write the shares reached as the new floors

REPORT.json is what `conformance.py check --json` wrote, a row for each step. The share of equal fields stands only in the table that the same run
printed, so OUTPUT.txt is that output; without it only steps are compared.
FLOORS.tsv: domain, least percent of steps, least percent of fields; a line that begins with # is a comment. A domain without a line has no floor;
a domain that has one and was not run is below it. --raise rounds down to 0.1 and never lowers a floor.
Standard library only.
"""
import argparse
import json
import math
import os
import re
import sys

ROW = re.compile(r"^(\S+)\s+(\d+)/(\d+)\s+([\d.]+)%\s+(\d+)/(\d+)\s+([\d.]+)%\s*$")
HEAD = """# Floors of conformance: domain, least percent of steps, least percent of fields.
# Raised by `tests/conformance-floors.py … --raise` when a change makes more of the corpus agree; lowering one needs a reason in the commit.
"""


def steps_of(path):
    """{domain: (steps that agree, steps)} of a report."""
    counts = {}
    with open(path, encoding="utf-8") as h:
        for row in json.load(h):
            ok, n = counts.get(row["domain"], (0, 0))
            counts[row["domain"]] = (ok + bool(row["ok"]), n + 1)
    return counts


def fields_of(path):
    """{domain: percent of equal fields} from the table at the end of the printed output; the last table counts."""
    shares = {}
    with open(path, encoding="utf-8", errors="replace") as h:
        for line in h:
            m = ROW.match(line)
            if m:
                shares[m[1]] = float(m[7])
    return shares


def floors_of(path):
    floors = {}
    if os.path.exists(path):
        with open(path, encoding="utf-8") as h:
            for at, line in enumerate(h, 1):
                line = line.rstrip("\n")
                if not line.strip() or line.startswith("#"):
                    continue
                try:
                    domain, steps, fields = line.split("\t")
                    floors[domain] = (float(steps), float(fields))
                except ValueError:
                    sys.exit(f"{path}:{at}: want domain, percent, percent with tabs between them")
    return floors


def down(x):
    """To 0.1, downwards; the tiny addition undoes what binary fractions take from a share such as 99.9."""
    return math.floor(x * 10 + 1e-6) / 10


def main():
    ap = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ap.add_argument("report")
    ap.add_argument("floors")
    ap.add_argument("--table", help="the printed output of the same run, for the shares of fields")
    ap.add_argument("--raise", dest="up", action="store_true", help="write the shares reached as floors")
    args = ap.parse_args()

    counts, floors = steps_of(args.report), floors_of(args.floors)
    fields = fields_of(args.table) if args.table else {}
    if not counts:
        sys.exit(f"{args.report} holds no step")
    if args.table and not fields:
        sys.exit(f"{args.table} holds no table of conformance.py")
    counts["all"] = (sum(ok for ok, _ in counts.values()), sum(n for _, n in counts.values()))

    below = []
    print(f"{'domain':<28}{'steps':>14}{'share':>9}{'floor':>9}{'fields':>9}{'floor':>9}")
    for domain in sorted(set(counts) | set(floors), key=lambda d: (d == "all", d)):
        least = floors.get(domain)
        if domain not in counts:
            below.append(f"{domain}: not run, and its floor is {least[0]} %")
            print(f"{domain:<28}{'not run':>14}{'':>9}{least[0]:>8.1f}%{'':>9}{least[1]:>8.1f}%  <<<")
            continue
        ok, n = counts[domain]
        share, field = 100 * ok / n, fields.get(domain)
        marks = []
        if least:
            if share < least[0] - 1e-9:
                marks.append(f"steps {share:.2f} % < {least[0]} %")
            # the table prints one decimal, rounded: a share of 93.94 shows as 93.9
            if field is not None and field < least[1] - 1e-9:
                marks.append(f"fields {field:.1f} % < {least[1]} %")
        print(f"{domain:<28}{ok:>7}/{n:<6}{share:>8.1f}%" + (f"{least[0]:>8.1f}%" if least else f"{'-':>9}")
              + (f"{field:>8.1f}%" if field is not None else f"{'-':>9}") + (f"{least[1]:>8.1f}%" if least else f"{'-':>9}")
              + ("  <<<" if marks else ""))
        below += [f"{domain}: {m}" for m in marks]

    if args.up:
        for domain, (ok, n) in counts.items():
            old = floors.get(domain, (0.0, 0.0))
            # the printed share may have been rounded up by 0.05; a floor must not be above what was reached
            field = old[1] if domain not in fields else max(0.0, fields[domain] if fields[domain] >= 100 else down(fields[domain] - 0.05))
            floors[domain] = (max(old[0], down(100 * ok / n)), max(old[1], field))
        with open(args.floors, "w", encoding="utf-8") as h:
            h.write(HEAD)
            for domain in sorted(floors, key=lambda d: (d == "all", d)):
                h.write(f"{domain}\t{floors[domain][0]:.1f}\t{floors[domain][1]:.1f}\n")
        print(f"wrote {len(floors)} floors to {args.floors}")
        return
    if below:
        print("below the floor:", *below, sep="\n  ")
        sys.exit(1)
    print("no domain is below its floor" if floors else "there are no floors yet: --raise writes them")


if __name__ == "__main__":
    main()
