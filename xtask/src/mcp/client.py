"""Says what a server of the Model Context Protocol is and has, then calls the tools that standard input names, one JSON
object a line. Answers are JSON objects, a line each."""

import asyncio
import json
import os
import sys

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client


def say(answer):
    print(json.dumps(answer), flush=True)


async def main():
    server = StdioServerParameters(command=sys.argv[1], args=sys.argv[2:], env=dict(os.environ))
    async with stdio_client(server) as (read, write), ClientSession(read, write) as session:
        told = await session.initialize()
        tools = (await session.list_tools()).tools
        say({"server": told.model_dump(mode="json", by_alias=True), "tools": [tool.model_dump(mode="json", by_alias=True) for tool in tools]})
        for line in sys.stdin:
            asked = json.loads(line)
            answer = await session.call_tool(asked["tool"], asked["arguments"])
            say(answer.model_dump(mode="json", by_alias=True))


asyncio.run(main())
