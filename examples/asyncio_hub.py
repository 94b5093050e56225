"""A hub for lines of text: what one client sends, all others get.

usage: asyncio_hub [PORT]
"""
import asyncio
import sys
from dataclasses import dataclass, field


@dataclass
class Hub:
    clients: dict[int, asyncio.StreamWriter] = field(default_factory=dict)
    number: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.number += 1
        own, self.clients[self.number] = self.number, writer
        print(f"client {own} came, {len(self.clients)} here", flush=True)
        try:
            while line := await reader.readline():
                await asyncio.gather(*(self.send(number, b"%d: %s" % (own, line)) for number in list(self.clients) if number != own))
        finally:
            del self.clients[own]
            writer.close()
            print(f"client {own} left, {len(self.clients)} here", flush=True)

    async def send(self, number: int, line: bytes) -> None:
        try:
            self.clients[number].write(line)
            await self.clients[number].drain()
        except (ConnectionError, KeyError):
            pass  # it leaves by itself


async def main(port: int) -> None:
    server = await asyncio.start_server(Hub().serve, "0.0.0.0", port)
    print(f"listening on {server.sockets[0].getsockname()[1]}", flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    try:
        asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 8081))
    except KeyboardInterrupt:
        pass
