#!/usr/bin/env python3
"""Answers golden cases of gemm_fp8_block with NumPy: what a vendor copies and replaces the middle of.

    ./touchstone golden export DIR --op gemm_fp8_block --format safetensors
    python3 vendor.py DIR
    ./touchstone golden judge DIR --name numpy
"""

import argparse
import json
import pathlib
import struct
import sys

import numpy

BLOCK = 128


def e4m3fn_values():
    """The 256 values of OCP FP8 E4M3: bias 7, no infinity, NaN at the two codes of all ones."""
    values = numpy.empty(256)
    for code in range(256):
        exponent, mantissa = code >> 3 & 15, code & 7
        value = mantissa * 2.0**-9 if exponent == 0 else (8 + mantissa) * 2.0 ** (exponent - 10)
        if code & 127 == 127:
            value = numpy.nan
        values[code] = -value if code & 128 else value
    return values


E4M3FN = e4m3fn_values()


def read(path):
    """Returns the tensors of a safetensors file: BF16 and FP8 as their bits."""
    types = {"F32": "<f4", "F64": "<f8", "I32": "<i4", "I64": "<i8", "BF16": "<u2"}
    data = path.read_bytes()
    (length,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        numbers = numpy.frombuffer(data[begin:end], types.get(entry["dtype"], "u1"))
        tensors[name] = numbers.reshape(entry["shape"])
    return tensors


def write(path, name, dtype, values):
    """Writes a safetensors file with one tensor."""
    entry = {"dtype": dtype, "shape": values.shape, "data_offsets": [0, values.nbytes]}
    header = json.dumps({name: entry}).encode()
    header += b" " * (-len(header) % 8)
    path.write_bytes(struct.pack("<Q", len(header)) + header + values.tobytes())


def to_bf16(values):
    """Rounds FP32 to the nearest BF16, ties to even, and returns the bits; keeps NaN a NaN."""
    bits = values.astype("<f4").view("<u4")
    rounded = (bits + 0x7FFF + (bits >> 16 & 1)) >> 16
    return numpy.where(numpy.isnan(values), 0x7FC0, rounded).astype("<u2")


def gemm_fp8_block(spec, tensors):
    """C = sum over blocks of 128 of scaleA[m, block] scaleB[n / 128, block] A B^T (+ bias) (+ C)."""
    a, b = E4M3FN[tensors["input.a"]], E4M3FN[tensors["input.b"]]
    scale_a = tensors["input.scaleA"].astype(float)
    scale_b = tensors["input.scaleB"].astype(float).repeat(BLOCK, axis=0)[: len(b)]
    c = numpy.zeros((len(a), len(b)))
    for block in range(scale_a.shape[1]):
        k = slice(block * BLOCK, (block + 1) * BLOCK)
        c += a[:, k] @ b[:, k].T * numpy.outer(scale_a[:, block], scale_b[:, block])
    if spec["bias"] == "PER_COLUMN":
        c += tensors["input.bias"]
    if spec["accumulation"] == "ADD_TO_C":
        c += tensors["input.c"]
    return c


def main():
    parser = argparse.ArgumentParser(description="Answer golden cases of gemm_fp8_block.")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--drop-last-k", action="store_true", help="forget a term, to be caught")
    options = parser.parse_args()
    answered = 0
    for line in (options.folder / "manifest.jsonl").read_text().splitlines():
        case = json.loads(line)
        if case["op"] != "gemm_fp8_block":
            continue
        tensors = read(options.folder / "cases" / case["file"])
        if options.drop_last_k:
            tensors["input.a"] = tensors["input.a"].copy()
            tensors["input.a"][:, -1:] = 0
        with numpy.errstate(all="ignore"):
            c = gemm_fp8_block(case["spec"], tensors).astype("<f4")
        dtype = case["spec"]["output"]
        answer = to_bf16(c) if dtype == "BF16" else c
        write(options.folder / "outputs" / case["file"], "c", dtype, answer)
        answered += 1
    print(answered, "cases answered", file=sys.stderr)


if __name__ == "__main__":
    main()
