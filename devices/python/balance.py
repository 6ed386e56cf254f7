"""A simulated balance as a Labwright device.

    python3 balance.py --broker mqtt://127.0.0.1:1883 --site bench --device balance --state state
"""

import argparse
import random

from labwright_device import Command, Device


class Balance:
    """Stands for a driver: what a real one would ask over a serial line."""

    def __init__(self, load_grams: float) -> None:
        self.load, self.zero = load_grams, 0.0

    def tare(self) -> None:
        self.zero = self.load

    def read(self) -> float:
        return self.load - self.zero + random.gauss(0, 0.0002)


options = argparse.ArgumentParser(description=__doc__)
for name in ("broker", "site", "device", "state"):
    options.add_argument(f"--{name}", required=True)
options.add_argument("--load", type=float, default=12.5, help="grams on the pan")
asked = options.parse_args()

balance = Balance(asked.load)
device = Device(asked.site, asked.device, asked.state, vendor="Labwright", model="Simulated balance", firmware="1.0")


@device.capability("tare", duration=(0.2, 0.3, 1), retry="idempotent")
def tare(command: Command) -> None:
    command.wait(0.3)
    balance.tare()


@device.capability(
    "weigh",
    parameters={
        "type": "object",
        "properties": {"readings": {"type": "integer", "minimum": 4, "maximum": 1000}},
        "required": ["readings"],
        "additionalProperties": False,
    },
    result={"type": "object", "properties": {"mass": {"type": "number"}}, "required": ["mass"]},
    units={"readings": "1", "mass": "g"},
    duration=("=readings * 0.2", "=readings * 0.2", "=readings * 0.3 + 1"),
    retry="safe",
    interruptible=True,
)
def weigh(command: Command) -> dict:
    readings = []
    for i in range(command.parameters["readings"]):
        command.wait(0.2)
        readings.append(balance.read())
        command.progress((i + 1) / command.parameters["readings"])
    return {"mass": sum(readings) / len(readings)}


device.run(asked.broker)
