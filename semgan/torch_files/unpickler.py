"""A restricted pickle machine that can build nothing but passive records.

Python's own unpickler cannot be made safe for files of unknown origin by a list of names alone: it allocates by lengths and memo
indices that a file merely claims (a few bytes ask for a memo of gigabytes), hashes whatever is given as a key, and its
REDUCE calls what the stack holds. This machine knows the operations that `torch.save`, Python 2 and 3 write in the protocols 2
to 5 for tensors, plain data and modules, and refuses all others. Lengths are checked against the bytes that are left, the memo is a
dict, keys are strings and integers, and all that it makes is paid for out of a budget.
"""

import struct
from collections.abc import Callable
from typing import Any

from semgan.errors import UserError
from semgan.torch_files.globals import Context, Global, are_sizes, check_key, find
from semgan.torch_files.values import DICT, ITEM, LIST, NUMBER, SET, STRING, TUPLE, NumpyArray, NumpyType, Record, Storage, malformed_error

_STEP = 18
"""Bytes that an operation takes at most: a place on the stack, growth included. Operations that take more pay for it."""
_LONGEST_NAME = 256
_LONGEST_INTEGER = 16
_STOP = ord(".")


def refuse_persistent(identifier: Any) -> Storage:
    """Raises a UserError: a pickle that stands alone refers to nothing outside of it."""
    raise malformed_error("reference to data outside of it")


class Unpickler:
    """Reads one pickle of `data`, from the byte `at`.

    Attributes:
      at: after `load`, the byte behind the pickle.
    """

    def __init__(self, data: bytes, at: int, context: Context, load_persistent: Callable[[Any], Any] = refuse_persistent):
        self.at = at
        self._data = data
        self._context = context
        self._budget = context.budget
        self._load_persistent = load_persistent
        self._stack: list[Any] = []
        self._marked: list[list[Any]] = []
        self._memo: dict[int, Any] = {}

    def load(self) -> Any:
        """The pickle's value, made of plain data and records.

        Raises:
          UserError: it is cut short, malformed, too large, or needs what is not allowed.
        """
        while (code := self._take(1)[0]) != _STOP:
            self._budget.spend(_STEP)
            operation = _OPERATIONS.get(code)
            if operation is None:
                raise UserError(f"needs the pickle operation 0x{code:02x}, which is not allowed: use a file of tensors and plain data only")
            operation(self)
        return self._pop()

    def _take(self, count: int) -> bytes:
        end = self.at + count
        if end > len(self._data):
            raise UserError("is cut short or damaged: download it again")
        part = self._data[self.at : end]
        self.at = end
        return part

    def _unsigned(self, width: int) -> int:
        return int.from_bytes(self._take(width), "little")

    def _pop(self) -> Any:
        if not self._stack:
            raise malformed_error("pickle")
        return self._stack.pop()

    def _top(self) -> Any:
        if not self._stack:
            raise malformed_error("pickle")
        return self._stack[-1]

    def _push(self, value: Any) -> None:
        self._stack.append(value)

    def _mark(self) -> None:
        self._budget.spend(LIST)
        self._marked.append(self._stack)
        self._stack = []

    def _pop_mark(self) -> list[Any]:
        if not self._marked:
            raise malformed_error("pickle")
        items, self._stack = self._stack, self._marked.pop()
        return items

    def _integer(self, width: int) -> None:
        if width > _LONGEST_INTEGER:
            raise malformed_error(f"integer of {width} bytes")
        self._new(int.from_bytes(self._take(width), "little", signed=True), NUMBER)

    def _text(self, width: int) -> None:
        part = self._take(width)
        self._budget.spend(STRING + width * (1 if part.isascii() else 4))
        try:
            self._push(part.decode())
        except UnicodeDecodeError as error:
            raise malformed_error("text, which is not UTF-8") from error

    def _bytes(self, width: int) -> None:
        part = self._take(width)
        self._budget.spend(STRING + width)
        self._push(part)

    def _tuple(self, count: int) -> None:
        self._budget.spend(TUPLE + 8 * count)
        self._push(tuple(reversed([self._pop() for _ in range(count)])))

    def _marked_tuple(self) -> None:
        items = self._pop_mark()
        self._budget.spend(TUPLE + 8 * len(items))
        self._push(tuple(items))

    def _new(self, value: Any, price: int) -> None:
        self._budget.spend(price)
        self._push(value)

    def _append(self, values: list[Any]) -> None:
        target = self._top()
        if type(target) is not list:
            raise malformed_error("list")
        self._budget.spend(24 * len(values))
        target.extend(values)

    def _add(self) -> None:
        values = self._pop_mark()
        target = self._top()
        if type(target) is not set:
            raise malformed_error("set")
        self._budget.spend(ITEM * len(values))
        target.update(check_key(value) for value in values)

    def _set_items(self, values: list[Any]) -> None:
        target = self._top()
        if type(target) is not dict or len(values) % 2:
            raise malformed_error("dict")
        self._budget.spend(ITEM * (len(values) // 2))
        for key, value in zip(values[::2], values[1::2], strict=True):
            target[check_key(key)] = value

    def _set_item(self) -> None:
        value = self._pop()
        self._set_items([self._pop(), value])

    def _remember(self, index: int) -> None:
        self._budget.spend(ITEM)
        self._memo[index] = self._top()

    def _recall(self, index: int) -> None:
        if index not in self._memo:
            raise malformed_error("pickle")
        self._push(self._memo[index])

    def _line(self) -> str:
        end = self._data.find(b"\n", self.at, self.at + _LONGEST_NAME)
        if end < 0:
            raise malformed_error("name")
        return self._take(end + 1 - self.at)[:-1].decode("latin1")

    def _global(self) -> None:
        module = self._line()
        self._budget.spend(2 * _LONGEST_NAME)
        self._push(find(module, self._line()))

    def _stack_global(self) -> None:
        name, module = self._pop(), self._pop()
        if type(name) is not str or type(module) is not str:
            raise malformed_error("name")
        self._budget.spend(2 * _LONGEST_NAME)
        self._push(find(module, name))

    def _reduce(self) -> None:
        args, function = self._pop(), self._pop()
        if not isinstance(function, Global) or type(args) is not tuple:
            raise malformed_error("call")
        if function.call is None:
            raise UserError(f"calls {function.name}, which could run code: use a file of tensors and plain data only")
        self._push(function.call(self._context, args))

    def _new_object(self) -> None:
        args, kind = self._pop(), self._pop()
        if not isinstance(kind, Global) or args != ():
            raise malformed_error("object")
        if kind.new is None:
            raise UserError(f"makes a {kind.name}, which could run code: use a file of tensors and plain data only")
        self._push(kind.new(self._context))

    def _build(self) -> None:
        state = self._pop()
        match self._top(), state:
            case Record(state=None) as record, dict():
                record.state = state
            case dict(), dict():
                pass  # attributes of an OrderedDict: a state dict has its `_metadata` there
            case NumpyType() as kind, (int(), str(order), None, None, None, *_):
                kind.order = order
            case NumpyArray(type=None) as array, (int(), tuple(shape), NumpyType() as kind, bool(fortran), bytes(contents)):
                if not are_sizes(shape):
                    raise malformed_error("NumPy array")
                array.type, array.shape, array.fortran, array.contents = kind, shape, fortran, contents
            case NumpyArray(), (_, _, NumpyType() as kind, *_):
                kind.dtype()  # says so if it is one of objects
                raise malformed_error("NumPy array")
            case _:
                raise malformed_error("object")

    def _persistent(self) -> None:
        self._push(self._load_persistent(self._pop()))


_OPERATIONS: dict[int, Callable[[Unpickler], Any]] = {
    0x80: lambda u: u._take(1),  # PROTO
    0x95: lambda u: u._take(8),  # FRAME: how the bytes are grouped, not what they mean
    0x28: Unpickler._mark,
    0x30: Unpickler._pop,
    0x31: Unpickler._pop_mark,
    0x4E: lambda u: u._push(None),
    0x88: lambda u: u._push(True),
    0x89: lambda u: u._push(False),
    0x4A: lambda u: u._integer(4),  # BININT
    0x4B: lambda u: u._push(u._unsigned(1)),
    0x4D: lambda u: u._new(u._unsigned(2), NUMBER),
    0x8A: lambda u: u._integer(u._unsigned(1)),  # LONG1
    0x47: lambda u: u._new(struct.unpack(">d", u._take(8))[0], NUMBER),
    0x55: lambda u: u._text(u._unsigned(1)),  # SHORT_BINSTRING and BINSTRING: Python 2's strings
    0x54: lambda u: u._text(u._unsigned(4)),
    0x8C: lambda u: u._text(u._unsigned(1)),
    0x58: lambda u: u._text(u._unsigned(4)),
    0x8D: lambda u: u._text(u._unsigned(8)),
    0x43: lambda u: u._bytes(u._unsigned(1)),
    0x42: lambda u: u._bytes(u._unsigned(4)),
    0x8E: lambda u: u._bytes(u._unsigned(8)),
    0x96: lambda u: u._bytes(u._unsigned(8)),  # BYTEARRAY8
    0x29: lambda u: u._push(()),
    0x85: lambda u: u._tuple(1),
    0x86: lambda u: u._tuple(2),
    0x87: lambda u: u._tuple(3),
    0x74: Unpickler._marked_tuple,
    0x5D: lambda u: u._new([], LIST),
    0x6C: lambda u: u._push(u._pop_mark()),  # LIST, which its mark has paid for
    0x7D: lambda u: u._new({}, DICT),
    0x8F: lambda u: u._new(set(), SET),
    0x61: lambda u: u._append([u._pop()]),
    0x65: lambda u: u._append(u._pop_mark()),
    0x73: Unpickler._set_item,
    0x75: lambda u: u._set_items(u._pop_mark()),
    0x90: Unpickler._add,
    0x71: lambda u: u._remember(u._unsigned(1)),
    0x72: lambda u: u._remember(u._unsigned(4)),
    0x94: lambda u: u._remember(len(u._memo)),
    0x68: lambda u: u._recall(u._unsigned(1)),
    0x6A: lambda u: u._recall(u._unsigned(4)),
    0x63: Unpickler._global,
    0x93: Unpickler._stack_global,
    0x52: Unpickler._reduce,
    0x81: Unpickler._new_object,
    0x62: Unpickler._build,
    0x51: Unpickler._persistent,
}
