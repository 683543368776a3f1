"""Which machine it is, and whether it will do."""

import json
import shutil

from commands import output_of, run
from stage import UNMASK

ASKED = "name,driver_version,memory.total,clocks.sm,clocks.max.sm,clocks.mem,power.limit,temperature.gpu"


def look(context):
    context.put("devices", json.loads(output_of([UNMASK, "devices", "--json"])))
    if shutil.which("nvidia-smi"):
        rows = output_of(["nvidia-smi", f"--query-gpu={ASKED}", "--format=csv,noheader"]).splitlines()
        context.put("nvidia_smi", [dict(zip(ASKED.split(","), row.split(", "))) for row in rows])
    doctor = run([UNMASK, "doctor", "--json", "--device", "cuda"])
    checks = json.loads(doctor.stdout)["checks"]
    context.put("doctor", checks)
    problems = [f"{check['name']}: {check['found']}" for check in checks if check["verdict"] == "problem"]
    if problems or doctor.returncode != 0:
        raise ValueError("; ".join(problems) or f"doctor ended with {doctor.returncode}")
