"""A trace as JSON, read by Perfetto's published schema. Whatever that does not know is an error."""

import sys

from google.protobuf.json_format import MessageToJson
from google.protobuf.unknown_fields import UnknownFieldSet
from perfetto.protos.perfetto.trace.perfetto_trace_pb2 import Trace


def check(message):
    for field in UnknownFieldSet(message):
        sys.exit(f"{message.DESCRIPTOR.full_name} has no field {field.field_number} of this kind")
    for field, value in message.ListFields():
        if field.message_type:
            for part in value if field.is_repeated else [value]:
                check(part)


trace = Trace()
with open(sys.argv[1], "rb") as file:
    trace.ParseFromString(file.read())
check(trace)
print(MessageToJson(trace))
