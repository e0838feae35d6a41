#!/usr/bin/env python3
# The same job in Python, as scripts at the ends of a CNI chain usually do it.
import fcntl
import json
import os
import sys

command = os.environ.get("CNI_COMMAND")
container = os.environ.get("CNI_CONTAINERID")
if command == "VERSION":
    print('{"cniVersion": "1.0.0", "supportedVersions": ["0.3.1", "0.4.0", "1.0.0"]}')
    sys.exit(0)
request = json.load(sys.stdin)
result = request.get("prevResult")
with open(request.get("lockFile", "/var/run/lock/cni.lock"), "w") as lock:
    fcntl.flock(lock.fileno(), fcntl.LOCK_EX)
    with open(request.get("logFile", "/tmp/cni.log"), mode="a") as log:
        kind = "input" if result is None or command != "ADD" else "output"
        log.write(f"CNI_COMMAND={command},CNI_CONTAINERID={container},{kind}=")
        log.write(json.dumps(request if kind == "input" else result) + "\n")
if command == "ADD":
    print(json.dumps(result if result is not None else {"cniVersion": request.get("cniVersion", "1.0.0")}))
else:
    print("{}")
