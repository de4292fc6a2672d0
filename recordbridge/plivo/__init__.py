"""The language: elements, attributes, parser, request parameters, retry fragment, signatures.

Pure: text in, values out. Names here are the wire's own; times and sizes carry their unit.
"""
