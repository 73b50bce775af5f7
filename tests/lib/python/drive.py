#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes one thread of a running process do system calls that its program never would, by ptrace (x86-64).

  drive.py TID CALL ARGUMENT... [-- CALL ARGUMENT...]...

An argument is a number, @TEXT (a string put on the thread's stack), %HEX (bytes put there), or $ (the last result).
Prints one line per call: its result, or "exited N" if the thread is gone, "killed N" if a signal ended it.
"""
import ctypes
import os
import signal
import sys

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.restype = ctypes.c_long
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
CONT, SINGLESTEP, GETREGS, SETREGS, DETACH, SEIZE, INTERRUPT = 7, 9, 12, 13, 17, 0x4206, 0x4207
STRING_ROOM = 256
WALL = 0x40000000
SYSCALL_INSTRUCTION = b"\x0f\x05"
NUMBERS = {"read": 0, "close": 3, "mmap": 9, "mprotect": 10, "ioctl": 16, "socket": 41, "connect": 42, "clone": 56,
           "fork": 57, "execve": 59, "kill": 62, "ptrace": 101, "mount": 165, "init_module": 175, "add_key": 248,
           "unshare": 272, "openat": 257, "process_vm_readv": 310, "bpf": 321, "setns": 308, "chroot": 161}


class Registers(ctypes.Structure):
    _fields_ = [(name, ctypes.c_ulong) for name in (
        "r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs eflags rsp ss fs_base gs_base "
        "ds es fs gs").split()]


def ptrace(request, tid, address=None, data=None):
    if libc.ptrace(request, tid, address, data) < 0:
        raise OSError(ctypes.get_errno(), f"ptrace {request}")


def wait_for(tid):
    """The signal with which the thread stopped, or how it ended."""
    _, status = os.waitpid(tid, WALL)
    if os.WIFEXITED(status):
        return f"exited {os.WEXITSTATUS(status)}"
    if os.WIFSIGNALED(status):
        return f"killed {os.WTERMSIG(status)}"
    return os.WSTOPSIG(status)


def instruction_address(tid):
    with open(f"/proc/{tid}/maps") as maps, open(f"/proc/{tid}/mem", "rb") as memory:
        for line in maps:
            span, rights = line.split()[:2]
            if "x" not in rights or "vsyscall" in line:
                continue
            start, end = (int(part, 16) for part in span.split("-"))
            memory.seek(start)
            found = memory.read(end - start).find(SYSCALL_INSTRUCTION)
            if found >= 0:
                return start + found
    raise LookupError("no system call instruction")


def place(tid, stack, data):
    with open(f"/proc/{tid}/mem", "wb", buffering=0) as memory:
        memory.seek(stack)
        memory.write(data)
    return stack


def values(tid, stack, words, last):
    for word in words:
        if word == "$":
            yield last
        elif word.startswith(("@", "%")):
            data = word[1:].encode() + b"\0" if word[0] == "@" else bytes.fromhex(word[1:])
            yield place(tid, stack, data)
            stack -= STRING_ROOM
        else:
            yield int(word, 0) & 0xFFFFFFFFFFFFFFFF


def call(tid, saved, address, words, last):
    registers = Registers.from_buffer_copy(saved)
    registers.rip, registers.rax, registers.orig_rax = address, NUMBERS[words[0]], 0xFFFFFFFFFFFFFFFF
    arguments = list(values(tid, (saved.rsp - 4096) & ~15, words[1:], last))
    for name, value in zip(("rdi", "rsi", "rdx", "r10", "r8", "r9"), arguments + [0] * 6):
        setattr(registers, name, value)
    ptrace(SETREGS, tid, None, ctypes.addressof(registers))
    ptrace(SINGLESTEP, tid)
    stopped = wait_for(tid)
    if stopped == signal.SIGSYS: # the filter refused: the handler may run
        ptrace(CONT, tid, None, stopped)
        stopped = wait_for(tid)
    if stopped != signal.SIGTRAP:
        return None, str(stopped)
    result = Registers()
    ptrace(GETREGS, tid, None, ctypes.addressof(result))
    value = ctypes.c_long(result.rax).value
    return value, str(value)


def main():
    tid, words = int(sys.argv[1]), sys.argv[2:]
    calls = [part.split() for part in " ".join(words).split(" -- ")]
    ptrace(SEIZE, tid)
    ptrace(INTERRUPT, tid)
    wait_for(tid)
    saved = Registers()
    ptrace(GETREGS, tid, None, ctypes.addressof(saved))
    address, last = instruction_address(tid), 0
    for words in calls:
        last, text = call(tid, saved, address, words, last)
        print(words[0], text)
        if last is None:
            return
    ptrace(SETREGS, tid, None, ctypes.addressof(saved))
    ptrace(DETACH, tid, None, None)


main()
