"""A DNS server over UDP that runs until it is killed: dns_server.py ADDRESS ZONE [--refuses-opt]

ZONE is JSON: per name a list of records, each an IPv4 address or [priority, port, target]. Like
most forwarders, the server adds no addresses to SRV answers. It prints the names of the queries.
"""

import ipaddress
import json
import socket
import struct
import sys

A, SRV = 1, 33
FORMERR, NXDOMAIN = 1, 3


def encoded(name):
    labels = [label.encode() for label in name.split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def question(message):
    """The name, the type, and the offset behind the question."""
    labels, at = [], 12
    while message[at]:
        labels.append(message[at + 1 : at + 1 + message[at]].decode())
        at += 1 + message[at]
    (kind,) = struct.unpack_from("!H", message, at + 1)
    return ".".join(labels), kind, at + 5


def records(found, kind):
    for record in found:
        if kind == A and isinstance(record, str):
            yield ipaddress.IPv4Address(record).packed
        if kind == SRV and isinstance(record, list):
            priority, port, target = record
            yield struct.pack("!HHH", priority, 100, port) + encoded(target)


def reply(message, zone, refuses_opt):
    name, kind, end = question(message)
    (additional,) = struct.unpack_from("!H", message, 10)
    if refuses_opt and additional:
        # Only a header: the answer of a server that cannot parse the query.
        return name, message[:2] + struct.pack("!HHHHH", 0x8100 | FORMERR, 0, 0, 0, 0)
    found = zone.get(name.lower())
    answers = b"".join(
        # C0 0C: the name of the question.
        struct.pack("!HHHIH", 0xC00C, kind, 1, 60, len(data)) + data
        for data in records(found or [], kind)
    )
    count = len(list(records(found or [], kind)))
    flags = 0x8580 | (NXDOMAIN if found is None else 0)
    header = message[:2] + struct.pack("!HHHHH", flags, 1, count, 0, 0)
    return name, header + message[12:end] + answers


def main(address, zone, *options):
    [(family, kind, protocol, _, place), *_] = socket.getaddrinfo(
        address, 53, type=socket.SOCK_DGRAM
    )
    with socket.socket(family, kind, protocol) as server:
        server.bind(place)
        print("ready", flush=True)
        while True:
            message, peer = server.recvfrom(4096)
            name, answer = reply(message, json.loads(zone), "--refuses-opt" in options)
            print(name, flush=True)
            server.sendto(answer, peer)


if __name__ == "__main__":
    main(*sys.argv[1:])
