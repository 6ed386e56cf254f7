"""A Labwright device in one file: wrap any Python driver as a device of a self-driving lab.

The host does what the wire contract demands (docs/device-contract.md): a durable journal, repeated and reused keys,
epochs, results until they are forgotten, the last will, indeterminate after a crash, halt. What is left to write is a
function per capability::

    device = Device(site="bench", device="stirrer", state="state", vendor="Acme", model="S1")

    @device.capability(
        "stir",
        parameters={"type": "object", "properties": {"seconds": {"type": "number"}}, "required": ["seconds"]},
        units={"seconds": "s"}, duration=("=seconds", "=seconds", "=2*seconds"), interruptible=True,
    )
    def stir(command: Command) -> dict:
        motor.on()
        try:
            command.wait(command.parameters["seconds"])
        finally:
            motor.off()
        return {}

    device.run("mqtt://127.0.0.1:1883")

Needs Python 3.9 and paho-mqtt 1.6.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
import signal
import ssl
import sys
import threading
import time
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any, Callable, Dict, List, Optional, Tuple, Union
from urllib.parse import unquote, urlsplit

import paho.mqtt.client as mqtt

Json = Dict[str, Any]
Term = Union[float, int, str]

PAYLOAD_LIMIT = 1024 * 1024
"""Largest message in bytes."""
ROOM_FOR_THE_REST = 64 * 1024
MEMORY_SECONDS = 24 * 3600
"""How long a key is refused after it was forgotten: a late copy of its command may still come."""
RESERVATION = 16
"""Event numbers that one durable record allows."""
CONTROLLER_GRACE_SECONDS = 5.0
HALT_PATIENCE_SECONDS = 10.0
LOCK_SECONDS = 2.0
COMPACT_AFTER = 256
NOT_STARTED = ("not_started", "The device did not get to start the command; nothing was done.")
SAFE_INTEGER = 2**53 - 1
ID = re.compile(r"[a-z0-9_-]{1,64}\Z")
TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d)(?::(\d\d)(\.\d+)?)?Z\Z")


class Cancelled(Exception):
    """Raised inside a capability by ``Command.wait`` and ``Command.check`` when it shall end now."""


class Failed(Exception):
    """Raise it when a command has not worked and it is known what has happened."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Malformed(Exception):
    """A message that is not to be obeyed."""


class JournalCorrupt(Exception):
    """A line in the middle of the journal cannot be read: what it said may have been an effect."""


# ---------------------------------------------------------------------------------------------------------------------
# JSON, as JavaScript writes it


def number_text(value: Union[int, float]) -> str:
    """A number as ECMAScript writes it: the hash of the descriptor is made of it."""
    if isinstance(value, int) and abs(value) <= SAFE_INTEGER:
        return str(value)
    if not math.isfinite(value):
        return "null"
    if value == 0:
        return "0"
    sign, digits, exponent = ("-" if value < 0 else ""), *_shortest(abs(float(value)))
    point = exponent + len(digits)
    if len(digits) <= point <= 21:
        return sign + digits + "0" * (point - len(digits))
    if 0 < point <= 21:
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    power = point - 1
    mantissa = digits if len(digits) == 1 else f"{digits[0]}.{digits[1:]}"
    return f"{sign}{mantissa}e{'+' if power >= 0 else '-'}{abs(power)}"


def _shortest(value: float) -> Tuple[str, int]:
    """The fewest digits that mean this number, and the power of ten of the last one."""
    mantissa, _, power = repr(value).partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    stripped = digits.rstrip("0")
    return stripped, int(power or 0) - len(fraction) + len(digits) - len(stripped)


def canonical(value: Any) -> str:
    """JSON with sorted keys and no spaces: equal values give equal text, here and in the controller."""
    if isinstance(value, dict):
        members = sorted(value.items(), key=lambda item: item[0].encode("utf-16-be"))
        return "{" + ",".join(f"{canonical(str(k))}:{canonical(v)}" for k, v in members) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(canonical(item) for item in value) + "]"
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return number_text(value)
    return json.dumps(value, ensure_ascii=False)


def digest(value: Any) -> str:
    """The first 128 bits of SHA-256 over the canonical form, as 32 hexadecimal digits."""
    return hashlib.sha256(canonical(value).encode("utf-8")).hexdigest()[:32]


# ---------------------------------------------------------------------------------------------------------------------
# JSON Schema, as much of it as descriptors need

TYPES: Dict[str, Callable[[Any], bool]] = {
    "object": lambda v: isinstance(v, dict),
    "array": lambda v: isinstance(v, list),
    "string": lambda v: isinstance(v, str),
    "boolean": lambda v: isinstance(v, bool),
    "null": lambda v: v is None,
    "number": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool) and math.isfinite(v),
    "integer": lambda v: is_whole(v),
}
BOUNDS: Dict[str, Callable[[Any, Any], bool]] = {
    "minimum": lambda v, bound: v >= bound,
    "maximum": lambda v, bound: v <= bound,
    "exclusiveMinimum": lambda v, bound: v > bound,
    "exclusiveMaximum": lambda v, bound: v < bound,
}
SIZES: Dict[str, Tuple[type, Callable[[int, int], bool]]] = {
    "minLength": (str, lambda n, bound: n >= bound),
    "maxLength": (str, lambda n, bound: n <= bound),
    "minItems": (list, lambda n, bound: n >= bound),
    "maxItems": (list, lambda n, bound: n <= bound),
    "minProperties": (dict, lambda n, bound: n >= bound),
}
NOTES = {"title", "description", "default", "examples"}
KEYWORDS = {"type", "enum", "const", "pattern", "properties", "required", "additionalProperties", "items"}


def is_whole(value: Any) -> bool:
    """A JSON integer; 2.0 is one, true is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return abs(value) <= SAFE_INTEGER and value == int(value)


def check_schema(schema: Json, where: str) -> None:
    """Refuses a schema with keywords that ``violation`` would not enforce."""
    unknown = set(schema) - KEYWORDS - NOTES - set(BOUNDS) - set(SIZES)
    if unknown:
        raise ValueError(f"{where}: the schema uses {', '.join(sorted(unknown))}, which this host cannot check.")
    for name, inner in schema.get("properties", {}).items():
        check_schema(inner, f"{where}.{name}")
    for word in ("items", "additionalProperties"):
        if isinstance(schema.get(word), dict):
            check_schema(schema[word], f"{where}.{word}")


def violation(schema: Json, value: Any, where: str = "value") -> Optional[str]:
    """What is wrong with a value, in one sentence; None when the schema accepts it."""
    kind = schema.get("type")
    kinds = kind if isinstance(kind, list) else [kind] if kind is not None else []
    if kinds and not any(TYPES[k](value) for k in kinds):
        return f"{where} is not of type {' or '.join(kinds)}"
    if "enum" in schema and canonical(value) not in [canonical(option) for option in schema["enum"]]:
        return f"{where} is not one of {canonical(schema['enum'])}"
    if "const" in schema and canonical(value) != canonical(schema["const"]):
        return f"{where} is not {canonical(schema['const'])}"
    if isinstance(value, str) and "pattern" in schema and not re.search(schema["pattern"], value):
        return f"{where} does not match {schema['pattern']}"
    for word, holds in BOUNDS.items():
        if word in schema and TYPES["number"](value) and not holds(value, schema[word]):
            return f"{where} breaks {word} {number_text(schema[word])}"
    for word, (owner, fits) in SIZES.items():
        if word in schema and isinstance(value, owner) and not fits(len(value), schema[word]):
            return f"{where} breaks {word} {schema[word]}"
    return _inner_violation(schema, value, where)


def _inner_violation(schema: Json, value: Any, where: str) -> Optional[str]:
    if isinstance(value, list) and isinstance(schema.get("items"), dict):
        found = (violation(schema["items"], item, f"{where}[{i}]") for i, item in enumerate(value))
        return next((wrong for wrong in found if wrong), None)
    if not isinstance(value, dict):
        return None
    missing = [name for name in schema.get("required", []) if name not in value]
    if missing:
        return f"{where} lacks {missing[0]}"
    properties, other = schema.get("properties", {}), schema.get("additionalProperties", True)
    for name, member in value.items():
        inner = properties.get(name, other)
        if inner is False:
            return f"{where} must not have {name[:64]}"
        wrong = violation(inner, member, f"{where}.{name}") if isinstance(inner, dict) else None
        if wrong:
            return wrong
    return None


# ---------------------------------------------------------------------------------------------------------------------
# Messages


def now_text() -> str:
    """The time as RFC 3339 in UTC."""
    return time_text(datetime.now(timezone.utc))


def time_text(moment: datetime) -> str:
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def read_time(text: str) -> datetime:
    """Raises ValueError when the text is not RFC 3339 in UTC."""
    match = TIME.match(text)
    if match is None:
        raise ValueError("is not a time in UTC, like 2026-01-05T08:00:00.000Z")
    minute, second, fraction = match.groups()
    start = datetime.strptime(minute, "%Y-%m-%dT%H:%M").replace(tzinfo=timezone.utc)
    return start + timedelta(seconds=int(second or 0) + float(fraction or 0))


def read_object(payload: bytes) -> Json:
    """Raises Malformed, whatever the bytes are."""
    if len(payload) > PAYLOAD_LIMIT:
        raise Malformed(f"it has {len(payload)} bytes, more than the {PAYLOAD_LIMIT} that are allowed")
    try:
        value = json.loads(payload.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Malformed("it is not JSON") from error
    if not isinstance(value, dict):
        raise Malformed("it is not a JSON object")
    return value


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def expect(holds: bool, what: str) -> None:
    if not holds:
        raise Malformed(what)


def is_id(value: Any) -> bool:
    return isinstance(value, str) and ID.match(value) is not None


def is_epoch(value: Any) -> bool:
    return is_whole(value) and value >= 0


@dataclass(frozen=True)
class CommandMessage:
    """What a controller asks for."""

    key: str
    capability: str
    parameters: Json
    hash: str
    epoch: int
    expires_at: datetime

    @staticmethod
    def read(payload: bytes) -> CommandMessage:
        body = read_object(payload)
        expect(is_id(body.get("key")), "its key is no id")
        capability, parameters, hash_ = body.get("capability"), body.get("parameters"), body.get("hash")
        expect(isinstance(capability, str) and len(capability) <= 256, "its capability is no name")
        expect(isinstance(parameters, dict), "its parameters are no object")
        expect(isinstance(hash_, str) and 1 <= len(hash_) <= 128, "its hash is no text of 1 to 128 letters")
        expect(is_epoch(body.get("epoch")), "its epoch is no count")
        for name in ("ttlMs", "deadlineMs"):
            expect(TYPES["number"](body.get(name)) and body[name] >= 0, f"its {name} is no time in ms")
        try:
            ttl = timedelta(milliseconds=min(body["ttlMs"], 1000.0 * 3600 * 24 * 3650))
            expires_at = read_time(str(body.get("issuedAt"))) + ttl
        except (ValueError, OverflowError) as error:
            raise Malformed("its issuedAt is no time in UTC") from error
        return CommandMessage(body["key"], capability, parameters, hash_, int(body["epoch"]), expires_at)


@dataclass(frozen=True)
class ControlMessage:
    """How a controller steers commands."""

    op: str
    key: Optional[str]
    epoch: int

    @staticmethod
    def read(payload: bytes) -> ControlMessage:
        body = read_object(payload)
        ops = ("cancel", "pause", "resume", "query", "forget", "halt")
        expect(body.get("op") in ops, f"its op is none of {', '.join(ops)}")
        expect("key" not in body or is_id(body["key"]), "its key is no id")
        expect(is_epoch(body.get("epoch")), "its epoch is no count")
        return ControlMessage(body["op"], body.get("key"), int(body["epoch"]))


# ---------------------------------------------------------------------------------------------------------------------
# The journal


@dataclass
class Entry:
    """What is known of one key."""

    key: str
    phase: str
    """accepted, started, done, refused or forgotten"""
    hash: Optional[str] = None
    expires_at: str = ""
    started_at: Optional[str] = None
    reserved: int = 1
    """Events up to this number may have been sent."""
    last: Optional[Json] = None
    """What a copy of the command is answered with; None when forgotten."""
    records: List[Json] = field(default_factory=list)


class Journal:
    """The memory of a device: JSON Lines, each on the disk before it has any consequence.

    A last line that was torn by a crash was promised to nobody and is cut off. Any other line that cannot be read
    raises JournalCorrupt. Only one process can have it open.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.entries: Dict[str, Entry] = {}
        self.epoch = 0
        os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
        self._lock = open(path + ".lock", "a", encoding="utf-8")
        _lock_file(self._lock, path)
        try:
            records, self._length = self._load()
        except JournalCorrupt:
            self._lock.close()
            raise
        for record in records:
            self._fold(record)
        self._written = self._kept = len(records)
        self._file = _open(path)
        os.ftruncate(self._file, self._length)
        os.fsync(self._file)
        _sync_directory(path)

    def _load(self) -> Tuple[List[Json], int]:
        """The records, and how many bytes hold whole ones."""
        try:
            with open(self.path, "rb") as file:
                text = file.read()
        except FileNotFoundError:
            return [], 0
        records, length = [], 0
        lines = text.split(b"\n")
        for i, line in enumerate(lines[:-1]):
            try:
                records.append(json.loads(line.decode("utf-8")))
            except ValueError as error:
                if i == len(lines) - 2:
                    break
                raise JournalCorrupt(
                    f"{self.path}: line {i + 1} cannot be read. Look at the instrument, move the file away, and "
                    "resolve by hand what ran last."
                ) from error
            length += len(line) + 1
        return records, length

    def append(self, record: Json) -> None:
        """Durable when it returns. Raises OSError when it cannot be; then nothing has changed."""
        line = (json.dumps(record) + "\n").encode("utf-8")
        os.ftruncate(self._file, self._length)
        os.lseek(self._file, self._length, os.SEEK_SET)
        written = 0
        while written < len(line):
            written += os.write(self._file, line[written:])
        os.fsync(self._file)
        self._length += len(line)
        self._written += 1
        self._fold(record)
        if self._written > max(COMPACT_AFTER, 2 * self._kept):
            self.compact()

    def compact(self) -> None:
        """Writes only what still matters: entirely, or not at all."""
        horizon = time_text(datetime.now(timezone.utc) - timedelta(seconds=MEMORY_SECONDS))
        for key, entry in list(self.entries.items()):
            if entry.phase in ("refused", "forgotten") and entry.expires_at < horizon:
                del self.entries[key]
        records = [{"type": "epoch", "epoch": self.epoch}]
        records += [record for entry in self.entries.values() for record in entry.records]
        text = "".join(json.dumps(record) + "\n" for record in records).encode("utf-8")
        fresh = self.path + ".new"
        try:
            with open(fresh, "wb") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.replace(fresh, self.path)
        except OSError:
            self._kept = self._written  # The long journal is as good; there will be another occasion.
            return
        _sync_directory(self.path)
        os.close(self._file)
        self._file = _open(self.path)
        self._length, self._written, self._kept = len(text), len(records), len(records)

    def close(self) -> None:
        os.close(self._file)
        self._lock.close()

    def _fold(self, record: Json) -> None:
        """How one record changes what is known."""
        kind = record["type"]
        if kind == "epoch":
            self.epoch = max(self.epoch, record["epoch"])
            return
        key = record["key"]
        if kind in ("accepted", "refused"):
            known = Entry(key, kind, record.get("hash"), record["expires_at"], last=record["event"])
        elif kind == "forgotten":
            known = Entry(key, kind, expires_at=record["expires_at"], reserved=0)
        else:
            known = self.entries[key]
        if kind == "started":
            known.phase, known.started_at, known.reserved = kind, record["at"], record["reserved"]
        elif kind == "reserved":
            known.reserved = record["reserved"]
        elif kind == "done":
            known.phase, known.last = kind, record["event"]
        known.records.append(record)
        self.entries[key] = known


def _lock_file(file: Any, path: str) -> None:
    """Two processes with one journal would act twice. One that was just killed may take a moment to go."""
    try:
        import fcntl
    except ImportError:
        return
    patience = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            return fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if time.monotonic() > patience:
                file.close()
                raise RuntimeError(f"{path} is in use by another process of this device; end that one.") from error
        time.sleep(0.02)


def _open(path: str) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o644)


def _sync_directory(path: str) -> None:
    """Makes a new or renamed file durable."""
    if os.name != "posix":
        return
    directory = os.open(os.path.dirname(os.path.abspath(path)), os.O_RDONLY)
    os.fsync(directory)
    os.close(directory)


# ---------------------------------------------------------------------------------------------------------------------
# What a driver author sees


@dataclass(frozen=True)
class Capability:
    """What the device can do, and the function that does it."""

    name: str
    run: Callable[[Command], Optional[Json]]
    parameters: Json
    result: Json
    units: Dict[str, str]
    duration: Tuple[Term, Term, Term]
    retry: str
    interruptible: bool
    consumes: List[Json]

    def described(self) -> Json:
        low, typical, high = self.duration
        return {
            "name": self.name,
            "parameters": self.parameters,
            "result": self.result,
            "units": self.units,
            "duration": {"low": low, "typical": typical, "high": high},
            "retry": self.retry,
            "interruptible": self.interruptible,
            "consumes": self.consumes,
        }


class Command:
    """One command at work, in a thread of its own."""

    def __init__(self, host: Device, message: CommandMessage, capability: Capability) -> None:
        self.key = message.key
        self.parameters = message.parameters
        self.capability = capability
        self.ended = self.halted = False
        self._host = host
        self._stop = threading.Event()
        self._consumed: Optional[List[Json]] = None

    def check(self) -> None:
        """Raises Cancelled when the command shall end now."""
        if self._stop.is_set():
            raise Cancelled()

    def wait(self, seconds: float) -> None:
        """Sleeps; raises Cancelled as soon as the command shall end."""
        self._stop.wait(seconds)
        self.check()

    def progress(self, fraction: float, message: Optional[str] = None) -> None:
        """How far it is, 0 to 1."""
        self._host._progress(self, fraction, message)

    def consume(self, material: str, amount: float, unit: str, uncertainty: Optional[float] = None) -> None:
        """What was used up, measured."""
        used = {"material": material, "amount": amount, "unit": unit}
        if uncertainty is not None:
            used["uncertainty"] = uncertainty
        self._consumed = (self._consumed or []) + [used]


class Device:
    """A device on a broker. Declare capabilities, then ``run``."""

    def __init__(
        self,
        site: str,
        device: str,
        state: str,
        vendor: str,
        model: str,
        serial: str = "",
        firmware: str = "",
        concurrency: int = 1,
        on_controller_lost: str = "finish",
        on_halt: Optional[Callable[[], None]] = None,
        refuse: Optional[Callable[[str, Json], Optional[Tuple[str, str]]]] = None,
    ) -> None:
        """``state`` is a folder for the journal. ``on_halt`` brings the instrument to its safe state at once; it is
        called from the network thread and must not block. ``refuse`` gives a nack code (E_BUSY or E_BAD_PARAMETERS) and
        a sentence when a command cannot be taken now; it is asked before anything is journalled."""
        for name in (site, device):
            if not is_id(name):
                raise ValueError(f'"{name}" is no id: use 1 to 64 of a-z, 0-9, "-" and "_".')
        self.site, self.device = site, device
        self.concurrency = concurrency
        self.boot = uuid.uuid4().hex[:16]
        self._about = {"vendor": vendor, "model": model, "serial": serial, "firmware": firmware}
        self._policy = on_controller_lost
        self._on_halt, self._refuse = on_halt, refuse
        self._journal = Journal(os.path.join(state, f"{device}.jsonl"))
        self._capabilities: Dict[str, Capability] = {}
        self._work: Dict[str, Command] = {}
        self._seq: Dict[str, int] = {}
        self._halted = self._stuck = self._closing = False
        self._controllers: Dict[str, Tuple[bool, int]] = {}
        self._grace: Optional[threading.Timer] = None
        self._had_controller = False
        self._mutex = threading.RLock()
        self._client: Optional[mqtt.Client] = None
        self._connected = False
        self._wake = threading.Event()

    # ---- declaring

    def capability(
        self,
        name: str,
        parameters: Optional[Json] = None,
        result: Optional[Json] = None,
        units: Optional[Dict[str, str]] = None,
        duration: Tuple[Term, Term, Term] = (0, 1, 60),
        retry: str = "unsafe",
        interruptible: bool = False,
        consumes: Optional[List[Json]] = None,
    ) -> Callable[[Callable[[Command], Optional[Json]]], Callable[[Command], Optional[Json]]]:
        """Declares a function as a capability. ``duration`` is low, typical and high in seconds, each a number or an
        expression over the parameters like ``"=2*seconds"``; ``retry`` is idempotent, safe or unsafe."""
        empty: Json = {"type": "object"}
        parameters, result = parameters or {**empty, "additionalProperties": False}, result or empty
        check_schema(parameters, f"{name}.parameters")
        check_schema(result, f"{name}.result")

        def declare(run: Callable[[Command], Optional[Json]]) -> Callable[[Command], Optional[Json]]:
            self._capabilities[name] = Capability(
                name, run, parameters, result, units or {}, duration, retry, interruptible, consumes or []
            )
            return run

        return declare

    def descriptor(self) -> Json:
        """What is published on $descriptor."""
        body = {
            **self._about,
            "capabilities": [capability.described() for capability in self._capabilities.values()],
            "meters": [],
            "onControllerLost": self._policy,
        }
        return {**body, "hash": digest(body)}

    def telemetry(self, channel: str, value: float, unit: str) -> None:
        """A reading for people and charts."""
        topic = self._topic(f"tele/{channel}")
        with self._mutex:
            about = {"at": now_text(), "boot": self.boot, "seq": self._next(topic)}
            self._say(topic, {**about, "value": value, "unit": unit})

    def log(self, level: str, message: str, key: Optional[str] = None) -> None:
        """What the device has to say to people: level debug, info, warn or error."""
        self._say(self._topic("log"), {"level": level, "message": message[:4096], **({"key": key} if key else {})})

    # ---- running

    def run(self, url: str) -> None:
        """Serves commands until SIGINT or SIGTERM; connects again whenever the broker is away."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: threading.Thread(target=self.stop).start())
        self._settle_earlier_boot()
        pause = 0.25
        while not self._closing:
            if self._one_connection(url):
                pause = 0.25
            self._wake.wait(pause)
            self._wake.clear()
            pause = min(5.0, 2 * pause)
        self._journal.close()

    def stop(self) -> None:
        """Says disconnected and leaves. What is still at work becomes indeterminate at the next start."""
        self._closing = True
        self._wake.set()

    def _one_connection(self, url: str) -> bool:
        """A session from connect to disconnect; each is a client of its own, so that nothing old is sent later."""
        client, host, port = self._new_client(url)
        gone = threading.Event()
        client.on_disconnect = lambda *_: (gone.set(), self._wake.set())
        try:
            client.connect(host, port, keepalive=15)
        except OSError as error:
            print(f"{host}:{port} cannot be reached: {error}", file=sys.stderr)
            return False
        client.loop_start()
        while not gone.is_set() and not self._closing:
            self._wake.wait()
            self._wake.clear()
        with self._mutex:
            worked, self._connected, self._client = self._connected, False, None
            self._controllers.clear()
            self._check_presence()
            bye = None if gone.is_set() else client.publish(self._topic("$state"), self._state("disconnected"), 1, True)
        if bye is not None:
            bye.wait_for_publish(timeout=1)
        client.disconnect()
        client.loop_stop()
        return worked

    def _new_client(self, url: str) -> Tuple[mqtt.Client, str, int]:
        parts = urlsplit(url)
        if parts.scheme not in ("mqtt", "mqtts") or parts.hostname is None:
            raise ValueError(f"{url} is no address like mqtt://127.0.0.1:1883.")
        secure = parts.scheme == "mqtts"
        client = mqtt.Client(f"{self.device}-{self.boot}", clean_session=True, reconnect_on_failure=False)
        client.max_inflight_messages_set(16)
        if parts.username:
            client.username_pw_set(unquote(parts.username), unquote(parts.password or ""))
        if secure:
            client.tls_set_context(ssl.create_default_context())
        client.will_set(self._topic("$state"), self._state("lost", seq=0), qos=1, retain=True)
        own = [self._topic(leaf) for leaf in ("cmd", "ctl", "$state")] + [f"labwright/1/{self.site}/ctl/+/$state"]

        def connected(c: mqtt.Client, _data: Any, _flags: Any, code: int) -> None:
            if code == 0:
                c.subscribe([(topic, 1) for topic in own])
            else:
                print(f"{url} refuses the connection: {mqtt.connack_string(code)}", file=sys.stderr)

        client.on_connect = connected
        client.on_subscribe = lambda c, *_: self._present(c)
        client.on_message = lambda c, _, message: self._hear(message)
        return client, parts.hostname, parts.port or (8883 if secure else 1883)

    def _present(self, client: mqtt.Client) -> None:
        """At every connect: what the device is, how it stands, and every result that is not forgotten."""
        with self._mutex:
            self._client, self._connected = client, True
            self._say(self._topic("$descriptor"), self.descriptor(), retain=True)
            self._say_state()
            for entry in self._journal.entries.values():
                if entry.phase == "done":
                    self._say_event(entry.key, entry.last)

    # ---- speaking

    def _topic(self, leaf: str) -> str:
        return f"labwright/1/{self.site}/dev/{self.device}/{leaf}"

    def _next(self, topic: str) -> int:
        self._seq[topic] = self._seq.get(topic, 0) + 1
        return self._seq[topic]

    def _say(self, topic: str, body: Any, retain: bool = False) -> None:
        """Nothing is kept for later: at every connect the device says again what still matters."""
        payload = body if isinstance(body, str) else json.dumps(body)
        client = self._client
        if client is not None and self._connected:
            client.publish(topic, payload, qos=1, retain=retain)

    def _state(self, word: Optional[str] = None, seq: Optional[int] = None) -> str:
        topic = self._topic("$state")
        idle = "error" if self._halted or self._stuck else "busy" if self._work else "ready"
        body = {
            "state": word or idle,
            "boot": self.boot,
            "seq": self._next(topic) if seq is None else seq,
            "epoch": self._journal.epoch,
            "running": [] if word == "lost" else list(self._work),
            "at": now_text(),
        }
        return json.dumps(body)

    def _say_state(self) -> None:
        self._say(self._topic("$state"), self._state(), retain=True)

    def _say_event(self, key: str, event: Optional[Json]) -> None:
        self._say(self._topic(f"evt/{key}"), event)

    def _nack(self, key: str, epoch: int, code: str, message: str, n: int = 0) -> Json:
        return {"kind": "nack", "n": n, "boot": self.boot, "code": code, "message": message[:1024], "epoch": epoch}

    def _refuse_message(self, key: str, epoch: int, code: str, message: str) -> None:
        """Refuses one message, without a word on the fate of its key."""
        self._say_event(key, self._nack(key, epoch, code, message))

    # ---- hearing

    def _hear(self, message: mqtt.MQTTMessage) -> None:
        leaf = message.topic.rsplit("/", 1)[1]
        with self._mutex:
            try:
                if leaf == "cmd":
                    self._command(CommandMessage.read(message.payload))
                elif leaf == "ctl":
                    self._control(ControlMessage.read(message.payload))
                elif message.topic == self._topic("$state"):
                    # A late last will: the broker took an old connection for this one.
                    if read_object(message.payload).get("state") == "lost":
                        self._say_state()
                else:
                    self._controller(message.topic, read_object(message.payload))
            except Malformed as wrong:
                self.log("warn", f"A message on {message.topic} was ignored: {wrong}.")
            except Exception as error:  # noqa: BLE001 - whatever comes over the network, the device lives on
                self.log("error", f"A message on {message.topic} could not be obeyed: {error!r}.")

    def _write(self, record: Json) -> bool:
        """False when the journal cannot be written: it has not happened then, and must have no effect."""
        before = self._stuck
        try:
            self._journal.append(record)
            self._stuck = False
        except OSError as error:
            self._stuck = True
            self.log("error", f"The journal cannot be written: {error}. Free space on its disk.")
        if before != self._stuck:
            self._say_state()
        return not self._stuck

    def _in_epoch(self, key: Optional[str], epoch: int) -> bool:
        """Lower epochs are refused, higher ones journalled."""
        known = self._journal.epoch
        if epoch < known:
            message = f"Epoch {epoch} has been followed by epoch {known}."
            if key is None:
                self.log("warn", message)
            else:
                self._refuse_message(key, epoch, "E_STALE_EPOCH", message)
            return False
        if epoch > known:
            if not self._write({"type": "epoch", "epoch": epoch}):
                return False
            self._say_state()
            self._check_presence()
        return True

    def _command(self, command: CommandMessage) -> None:
        if not self._in_epoch(command.key, command.epoch):
            return
        known = self._journal.entries.get(command.key)
        if known is None:
            self._admit(command)
        elif known.last is None:
            self._refuse_message(command.key, command.epoch, "E_KEY_REUSED", "The command was done and forgotten.")
        elif known.hash is not None and known.hash != command.hash:
            message = "The key belongs to a command with another hash."
            self._refuse_message(command.key, command.epoch, "E_KEY_REUSED", message)
        else:
            self._say_event(command.key, known.last)

    def _admit(self, command: CommandMessage) -> None:
        key, expires_at = command.key, time_text(command.expires_at)
        about = {"key": key, "hash": command.hash, "expires_at": expires_at}
        refused = self._refusal(command)
        if refused is not None:
            nack = self._nack(key, command.epoch, *refused, n=1)
            # On record, because a late copy must not act after its controller was told that it did not.
            if self._write({"type": "refused", **about, "event": nack}):
                self._say_event(key, nack)
            return
        ack = {"kind": "ack", "n": 1, "boot": self.boot}
        if not self._write({"type": "accepted", **about, "event": ack}):
            return
        self._say_event(key, ack)
        work = Command(self, command, self._capabilities[command.capability])
        self._work[key] = work
        if not self._write({"type": "started", "key": key, "at": now_text(), "reserved": 1 + RESERVATION}):
            return self._end(work, "failed", error=NOT_STARTED)
        self._say_state()
        threading.Thread(target=self._carry_out, args=(work,), daemon=True).start()

    def _refusal(self, command: CommandMessage) -> Optional[Tuple[str, str]]:
        capability = self._capabilities.get(command.capability)
        if self._halted:
            return "E_HALTED", "The device was halted."
        if datetime.now(timezone.utc) > command.expires_at:
            return "E_EXPIRED", f"The command expired at {time_text(command.expires_at)}."
        if capability is None:
            return "E_UNKNOWN_CAPABILITY", f'There is no capability "{command.capability[:64]}".'
        wrong = violation(capability.parameters, command.parameters, "parameters")
        if wrong is not None:
            return "E_BAD_PARAMETERS", f"{wrong}."
        if len(self._work) >= self.concurrency:
            return "E_BUSY", f"The device works on {', '.join(self._work)}."
        return self._refuse(command.capability, command.parameters) if self._refuse else None

    # ---- working

    def _carry_out(self, work: Command) -> None:
        """In a thread of its own: what the driver returns or raises decides the outcome."""
        try:
            result = work.capability.run(work) or {}
            problem = _problem_of(work.capability, result)
            if problem is None:
                self._end(work, "ok", result=result)
            else:
                self._end(work, "failed", error=problem)
        except Cancelled:
            if work.halted:
                self._end(work, "failed", error=("halted", "The device was halted."))
            else:
                self._end(work, "cancelled")
        except Failed as error:
            self._end(work, "failed", error=(error.code, str(error)))
        except Exception as error:  # noqa: BLE001 - whatever the driver raises, nobody knows what has happened
            self._end(work, "indeterminate", error=("driver_error", f"{type(error).__name__}: {error}"))

    def _end(
        self, work: Command, outcome: str, result: Optional[Json] = None, error: Optional[Tuple[str, str]] = None
    ) -> None:
        with self._mutex:
            if work.ended:
                return
            work.ended = True
            entry = self._journal.entries[work.key]
            event = self._result(entry, entry.last["n"] + 1, outcome, error)
            if result is not None:
                event["result"] = result
            if work._consumed is not None:
                event["consumed"] = work._consumed
            self._record(work, event)

    def _result(self, entry: Entry, n: int, outcome: str, error: Optional[Tuple[str, str]]) -> Json:
        event: Json = {"kind": "result", "n": n, "boot": self.boot, "outcome": outcome, "meters": []}
        event["endedAt"] = now_text()
        if entry.started_at is not None:
            event["startedAt"] = entry.started_at
        if error is not None:
            event["error"] = {"code": error[0], "message": error[1][:4096]}
        return event

    def _record(self, work: Command, event: Json) -> None:
        """A result that cannot be journalled is kept and tried again, rather than said without being on record."""
        with self._mutex:
            if not self._write({"type": "done", "key": work.key, "event": event}):
                _after(1.0, lambda: self._record(work, event))
                return
            del self._work[work.key]
            self._say_event(work.key, event)
            self._say_state()

    def _progress(self, work: Command, fraction: float, message: Optional[str]) -> None:
        with self._mutex:
            entry = self._journal.entries[work.key]
            if work.ended:
                return
            n = entry.last["n"] + 1
            if n > entry.reserved:
                if not self._write({"type": "reserved", "key": work.key, "reserved": entry.reserved + RESERVATION}):
                    return
            event = {"kind": "progress", "n": n, "boot": self.boot, "fraction": min(1.0, max(0.0, fraction))}
            if message is not None:
                event["message"] = message[:1024]
            entry.last = event
            self._say_event(work.key, event)

    def _settle_earlier_boot(self) -> None:
        """What had started is indeterminate; what had not is failed, with nothing done."""
        for entry in list(self._journal.entries.values()):
            if entry.phase == "accepted":
                event = {**self._result(entry, entry.reserved + 1, "failed", NOT_STARTED), "consumed": []}
            elif entry.phase == "started":
                error = ("restarted", "The device restarted while it carried out the command.")
                event = self._result(entry, entry.reserved + 1, "indeterminate", error)
            else:
                continue
            self._journal.append({"type": "done", "key": entry.key, "event": event})

    # ---- steering

    def _control(self, control: ControlMessage) -> None:
        if control.op == "halt":
            self._halt()  # Whoever says it, and whatever the disk says: refusing one can only do harm.
        current = self._in_epoch(None if control.op == "halt" else control.key, control.epoch)
        if not current or control.op == "halt":
            return
        key = control.key
        if control.op == "query":
            self._say_everything() if key is None else self._replay(key, control.epoch)
        elif control.op == "forget":
            self._forget(key)
        elif key is None:
            self._steer_all(control.op)
        elif key in self._work:
            self._steer(control.op, self._work[key])
        elif control.op == "cancel" and key not in self._journal.entries:
            self._refuse_unseen(key, control.epoch)
        else:
            self._replay(key, control.epoch)

    def _replay(self, key: str, epoch: int) -> None:
        known = self._journal.entries.get(key)
        if known is None or known.last is None:
            self._refuse_message(key, epoch, "E_UNKNOWN_KEY", "The device does not know the key.")
        else:
            self._say_event(key, known.last)

    def _say_everything(self) -> None:
        self._say_state()
        for entry in self._journal.entries.values():
            if entry.last is not None:
                self._say_event(entry.key, entry.last)

    def _forget(self, key: Optional[str]) -> None:
        known = self._journal.entries.get(key) if key is not None else None
        if known is not None and known.phase in ("done", "refused"):
            self._write({"type": "forgotten", "key": key, "expires_at": known.expires_at})
        elif known is not None and known.phase in ("accepted", "started"):
            self.log("warn", "A command at work cannot be forgotten.", key)

    def _refuse_unseen(self, key: str, epoch: int) -> None:
        """A cancel has overtaken its command: the command must not act when it comes."""
        nack = self._nack(key, epoch, "E_UNKNOWN_KEY", "The command was cancelled before it came.", n=1)
        if self._write({"type": "refused", "key": key, "expires_at": now_text(), "event": nack}):
            self._say_event(key, nack)

    def _steer_all(self, op: str) -> None:
        if op == "resume" and self._halted:
            self._halted = False
            self._say_state()
        for work in list(self._work.values()):
            self._steer(op, work)

    def _steer(self, op: str, work: Command) -> None:
        if op == "cancel" and work.capability.interruptible:
            work._stop.set()
        else:
            self.log("warn", f"The device cannot {op} {work.capability.name}.", work.key)

    def _halt(self) -> None:
        self._halted = True
        try:
            if self._on_halt is not None:
                self._on_halt()
        except Exception as error:  # noqa: BLE001 - the rest of the halt must happen all the same
            self.log("error", f"The driver could not halt: {error!r}.")
        for work in list(self._work.values()):
            work.halted = True
            work._stop.set()
            late = ("halted", "The device was halted, and its driver did not say what had happened.")
            _after(HALT_PATIENCE_SECONDS, lambda work=work: self._end(work, "indeterminate", error=late))
        self.log("warn", "The device was halted.")
        self._say_state()

    # ---- is there a controller

    def _controller(self, topic: str, body: Json) -> None:
        online, epoch = body.get("online"), body.get("epoch")
        expect(isinstance(online, bool) and is_epoch(epoch), "it is no state of a controller")
        self._controllers[topic] = (online, int(epoch))
        self._check_presence()

    def _check_presence(self) -> None:
        """A controller may restart and the broker may blink: it counts as lost after a grace."""
        if any(online and epoch >= self._journal.epoch for online, epoch in self._controllers.values()):
            self._had_controller = True
            if self._grace is not None:
                self._grace.cancel()
                self._grace = None
        elif self._had_controller and self._grace is None:
            self._grace = _after(CONTROLLER_GRACE_SECONDS, self._controller_lost)

    def _controller_lost(self) -> None:
        with self._mutex:
            if self._grace is None:
                return
            self._grace, self._had_controller = None, False
            self.log("warn", f"The controller is lost; the device will {self._policy}.")
            if self._policy == "stop":
                for work in list(self._work.values()):
                    self._steer("cancel", work)


def _problem_of(capability: Capability, result: Json) -> Optional[Tuple[str, str]]:
    """Why a result cannot be sent, although the command has been carried out."""
    try:
        size = len(json.dumps(result, allow_nan=False))
    except (TypeError, ValueError) as error:
        return "bad_result", f"The driver's result is no JSON: {error}."
    wrong = violation(capability.result, result, "result")
    if wrong is not None:
        return "bad_result", f"The driver's {wrong}."
    if size > PAYLOAD_LIMIT - ROOM_FOR_THE_REST:
        return "result_too_large", f"The driver's result has {size} bytes."
    return None


def _after(seconds: float, action: Callable[[], None]) -> threading.Timer:
    timer = threading.Timer(seconds, action)
    timer.daemon = True
    timer.start()
    return timer
