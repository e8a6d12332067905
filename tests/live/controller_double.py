"""A host that passes for the controller: it forwards TCP ports and pings, and may change pings."""

import contextlib
import functools
import socket
import threading

# LDAP, the endpoint mapper, and the first ports that Samba gives to NETLOGON and LSA.
_TCP_PORTS = (389, 135, *range(49152, 49156))

# NETLOGON_SAM_LOGON_RESPONSE_EX begins with this opcode and two zero bytes; the flags follow
# (MS-ADTS 6.3.1.9).
_RESPONSE = b"\x17\0\0\0"
_WRITABLE = 0x100


def read_only(pong):
    """The answer to a ping, as a read-only controller gives it."""
    at = pong.find(_RESPONSE)
    if at < 0:
        return pong
    flags = int.from_bytes(pong[at + 4 : at + 8], "little") & ~_WRITABLE
    return pong[: at + 4] + flags.to_bytes(4, "little") + pong[at + 8 :]


@contextlib.contextmanager
def double(
    address,
    controller,
    changed=lambda pong: pong,
    is_last=lambda data: False,
    answer=lambda data: data,
):
    """Listens at `address` for LDAP, RPC and pings, until the block ends. What a client sends and
    `is_last` knows is forwarded; the connection is cut when the answer comes. `answer` changes what
    the controller sends."""
    with contextlib.ExitStack() as stack:
        pings = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        pings.bind((address, 389))
        _serve(stack, pings, functools.partial(_forward_ping, pings, controller, changed))
        for port in _TCP_PORTS:
            server = stack.enter_context(socket.create_server((address, port)))
            work = functools.partial(_accept, server, controller, port, is_last, answer)
            _serve(stack, server, work)
        yield


def _serve(stack, listening, work):
    """Works in a thread of its own until the socket is shut down."""

    def serve():
        with contextlib.suppress(OSError):
            while work():
                pass

    thread = threading.Thread(target=serve)
    thread.start()
    stack.callback(thread.join)
    # It wakes a datagram socket up, too, which is not connected.
    stack.callback(_shut_down, listening)


def _forward_ping(pings, controller, changed):
    message, peer = pings.recvfrom(4096)
    if not message:
        return False
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as there:
        there.settimeout(5)
        there.connect((controller, 389))
        there.send(message)
        pings.sendto(changed(there.recv(4096)), peer)
    return True


def _accept(server, controller, port, is_last, answer):
    client, _ = server.accept()
    upstream = socket.create_connection((controller, port), timeout=5)
    upstream.settimeout(None)
    last_sent = threading.Event()
    for one, other, is_last_of, change in (
        (client, upstream, is_last, lambda data: data),
        (upstream, client, lambda data: False, answer),
    ):
        words = (one, other, is_last_of, change, last_sent)
        threading.Thread(target=_copy, args=words, daemon=True).start()
    return True


def _copy(one, other, is_last, change, last_sent):
    """Until either side ends, or the answer to the last message comes: then both are shut down."""
    with contextlib.suppress(OSError):
        while data := one.recv(65536):
            if last_sent.is_set():
                break
            if is_last(data):
                last_sent.set()
            other.sendall(change(data))
    for end in (one, other):
        _shut_down(end)


def _shut_down(end):
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
