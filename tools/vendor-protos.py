#!/usr/bin/env python3
"""Copies the Envoy API files that Maesh generates code from, with all that they import, into proto/.

Usage: tools/vendor-protos.py CRATE_DIR, where CRATE_DIR is the unpacked crate `envoy-types` 0.7.7
(its proto/ folder holds the .proto sources of Envoy, xDS, protoc-gen-validate and the rest).
The roots are listed in tools/proto-roots.txt.
"""
import pathlib
import re
import shutil
import sys

crate = pathlib.Path(sys.argv[1])
here = pathlib.Path(__file__).parent
target = here.parent / "proto"
modules = [crate / "proto" / m for m in (
    "data-plane-api", "xds", "protoc-gen-validate", "googleapis", "opentelemetry-proto", "cel-spec/proto", "client_model")]

for old in target.glob("*/"):
    shutil.rmtree(old)
queue = (here / "proto-roots.txt").read_text().split()
seen = set()
while queue:
    name = queue.pop()
    if name in seen or name.startswith("google/protobuf/"):
        continue
    seen.add(name)
    source = next((m / name for m in modules if (m / name).exists()), None)
    if source is None:
        sys.exit(f"{name} is in none of the crate's modules")
    (target / name).parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target / name)
    queue += re.findall(r'^import\s+(?:public\s+|weak\s+)?"([^"]+)"', source.read_text(), re.M)
shutil.copyfile(crate / "LICENSE", target / "LICENSE")
print(f"{len(seen)} files in {target}")
