"""python3 -m unittest discover -s devices/python"""

import json
import os
import tempfile
import threading
import unittest
import unittest.mock
from datetime import datetime, timedelta, timezone
from typing import Any, Dict

from labwright_device import (
    Command,
    CommandMessage,
    ControlMessage,
    Device,
    Failed,
    Journal,
    JournalCorrupt,
    Malformed,
    canonical,
    check_schema,
    digest,
    number_text,
    time_text,
    violation,
)

ACK = {"kind": "ack", "n": 1, "boot": "b1"}
FAR = "2999-01-01T00:00:00.000Z"


def accepted(key: str) -> Dict[str, Any]:
    return {"type": "accepted", "key": key, "hash": "h", "expires_at": FAR, "event": ACK}


class JournalTest(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = os.path.join(self.folder.name, "state", "device.jsonl")

    def write(self, *records: Dict[str, Any]) -> None:
        journal = Journal(self.path)
        for record in records:
            journal.append(record)
        journal.close()

    def read(self) -> Journal:
        journal = Journal(self.path)
        self.addCleanup(journal.close)
        return journal

    def test_remembers_what_was_written(self) -> None:
        started = {"type": "started", "key": "a", "at": FAR, "reserved": 17}
        self.write({"type": "epoch", "epoch": 4}, accepted("a"), started, accepted("b"))
        journal = self.read()
        self.assertEqual(journal.epoch, 4)
        self.assertEqual({key: entry.phase for key, entry in journal.entries.items()}, {"a": "started", "b": "accepted"})
        self.assertEqual(journal.entries["a"].reserved, 17)

    def test_cuts_off_a_torn_last_line_wherever_it_is_torn(self) -> None:
        self.write(accepted("a"), accepted("b"))
        with open(self.path, "rb") as file:
            whole = file.read()
        first = whole.index(b"\n") + 1
        for length in range(first, len(whole), 7):
            with open(self.path, "wb") as file:
                file.write(whole[:length])
            journal = Journal(self.path)
            self.assertEqual(list(journal.entries), ["a"])
            journal.append(accepted("c"))
            journal.close()
            again = Journal(self.path)
            self.assertEqual(list(again.entries), ["a", "c"])
            again.close()

    def test_cuts_off_a_last_line_of_noughts(self) -> None:
        self.write(accepted("a"))
        with open(self.path, "ab") as file:
            file.write(b"\0" * 100 + b"\n")
        self.assertEqual(list(self.read().entries), ["a"])

    def test_does_not_pass_over_a_line_in_the_middle(self) -> None:
        self.write(accepted("a"), accepted("b"), accepted("c"))
        with open(self.path, "rb") as file:
            lines = file.read().split(b"\n")
        with open(self.path, "wb") as file:
            file.write(b"\n".join([lines[0], lines[1][:-5], *lines[2:]]))
        with self.assertRaises(JournalCorrupt):
            Journal(self.path)

    def test_is_open_in_one_process_only(self) -> None:
        self.read()
        patience = unittest.mock.patch("labwright_device.LOCK_SECONDS", 0.1)
        with patience, self.assertRaises(RuntimeError):
            Journal(self.path)

    def test_compacts_what_is_old_and_forgotten(self) -> None:
        old = time_text(datetime.now(timezone.utc) - timedelta(days=2))
        journal = self.read()
        for i in range(200):
            journal.append(accepted(f"k{i}"))
            journal.append({"type": "forgotten", "key": f"k{i}", "expires_at": old if i % 2 else FAR})
        with open(self.path, "rb") as file:
            self.assertLess(len(file.readlines()), 300)
        self.assertEqual(journal.entries["k0"].phase, "forgotten")
        self.assertNotIn("k1", journal.entries)


class MessageTest(unittest.TestCase):
    whole = {
        "key": "k1",
        "capability": "weigh",
        "parameters": {},
        "hash": "h",
        "epoch": 1,
        "issuedAt": "2026-01-05T08:00:00.250Z",
        "ttlMs": 750,
        "deadlineMs": 1000,
    }

    def test_reads_a_command(self) -> None:
        command = CommandMessage.read(json.dumps({**self.whole, "more": 1}).encode())
        self.assertEqual(time_text(command.expires_at), "2026-01-05T08:00:01.000Z")

    def test_refuses_what_is_malformed(self) -> None:
        wrong = [b"", b"\xff\xfe", b"[]", b"[" * 100_000, b'{"epoch": NaN}', b'"' + b"x" * 1_100_000 + b'"']
        wrong += [json.dumps({k: v for k, v in self.whole.items() if k != name}).encode() for name in self.whole]
        for name, value in [("epoch", True), ("epoch", 1.5), ("epoch", 1e300), ("key", "A"), ("issuedAt", "now")]:
            wrong.append(json.dumps({**self.whole, name: value}).encode())
        for payload in wrong:
            with self.assertRaises(Malformed):
                CommandMessage.read(payload)
        with self.assertRaises(Malformed):
            ControlMessage.read(b'{"op": ["halt"], "epoch": 1}')


class DeviceTest(unittest.TestCase):
    """What becomes of a command, without a broker: the journal tells."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.device = Device("lab", "lamp", folder.name, "Tiny", "Lamp", on_controller_lost="stop")
        self.addCleanup(self.device._journal.close)

    def outcome_of(self, run: Any, steer: Any = lambda: None) -> Dict[str, Any]:
        """The result of a command that is carried out by ``run`` while ``steer`` happens."""
        result = {"type": "object", "properties": {"lux": {"type": "number"}}, "required": ["lux"]}
        self.device.capability("shine", result=result, interruptible=True)(run)
        ended = threading.Event()
        record = self.device._record

        def recorded(work: Command, event: Dict[str, Any]) -> None:
            record(work, event)
            ended.set()

        with unittest.mock.patch.object(self.device, "_record", recorded):
            later = datetime.now(timezone.utc) + timedelta(seconds=60)
            self.device._command(CommandMessage("k1", "shine", {}, "h", 1, later))
            steer()
            self.assertTrue(ended.wait(5))
        return self.device._journal.entries["k1"].last

    def test_the_driver_decides_the_outcome(self) -> None:
        self.assertEqual(self.outcome_of(lambda command: {"lux": 4})["result"], {"lux": 4})

    def test_a_known_failure_is_failed(self) -> None:
        def run(command: Command) -> None:
            raise Failed("burnt", "The bulb has burnt out.")

        event = self.outcome_of(run)
        self.assertEqual((event["outcome"], event["error"]["code"]), ("failed", "burnt"))

    def test_any_other_error_is_indeterminate(self) -> None:
        self.assertEqual(self.outcome_of(lambda command: 1 / 0)["outcome"], "indeterminate")

    def test_a_result_must_keep_its_schema(self) -> None:
        for wrong in ({}, {"lux": float("nan")}, {"lux": 1, "more": object()}):
            event = self.outcome_of(lambda command: wrong)
            self.assertEqual((event["outcome"], event["error"]["code"]), ("failed", "bad_result"))
            del self.device._journal.entries["k1"]

    def test_a_halt_ends_what_is_at_work(self) -> None:
        halt = ControlMessage("halt", None, 0)
        event = self.outcome_of(lambda command: command.wait(10), lambda: self.device._control(halt))
        self.assertEqual((event["outcome"], event["error"]["code"]), ("failed", "halted"))

    def test_the_loss_of_the_controller_stops_it(self) -> None:
        def lose() -> None:
            self.device._controller("labwright/1/lab/ctl/main/$state", {"online": True, "epoch": 1})
            self.device._controller("labwright/1/lab/ctl/main/$state", {"online": False, "epoch": 1})

        with unittest.mock.patch("labwright_device.CONTROLLER_GRACE_SECONDS", 0.05):
            self.assertEqual(self.outcome_of(lambda command: command.wait(10), lose)["outcome"], "cancelled")


class JsonTest(unittest.TestCase):
    def test_writes_numbers_as_javascript_does(self) -> None:
        cases = {
            "0": -0.0, "1": 1.0, "-2.5": -2.5, "0.1": 0.1, "100": 1e2, "1e+21": 1e21, "123000000000000000000": 1.23e20,
            "0.000001": 1e-6, "1e-7": 1e-7, "1.5e-7": 1.5e-7, "1.7976931348623157e+308": 1.7976931348623157e308,
            "5e-324": 5e-324, "12345.678": 12345.678, "0.05": 0.05, "9007199254740991": 2**53 - 1,
        }  # fmt: skip
        for text, value in cases.items():
            self.assertEqual(number_text(value), text)

    def test_hashes_as_the_controller_does(self) -> None:
        self.assertEqual(canonical({"b": [1.0, None, True], "a": "\u00e9\n"}), '{"a":"\u00e9\\n","b":[1,null,true]}')
        self.assertEqual(digest({}), "44136fa355b3678a1146ad16f7e8649e")

    def test_checks_values_by_schema(self) -> None:
        schema = {
            "type": "object",
            "properties": {"volume": {"type": "number", "exclusiveMinimum": 0}, "to": {"enum": ["a", "b"]}},
            "required": ["volume"],
            "additionalProperties": False,
        }
        check_schema(schema, "schema")
        self.assertIsNone(violation(schema, {"volume": 1, "to": "a"}))
        for wrong in ({}, {"volume": 0}, {"volume": True}, {"volume": 1, "to": "c"}, {"volume": 1, "x": 1}, [], None):
            self.assertIsNotNone(violation(schema, wrong))
        with self.assertRaises(ValueError):
            check_schema({"oneOf": []}, "schema")


if __name__ == "__main__":
    unittest.main()
