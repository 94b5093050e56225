"""An asyncio server, its client, a subprocess, a thread and a timeout."""
import asyncio
import dataclasses


@dataclasses.dataclass
class Message:
    number: int = 0


async def handle(reader, writer):
    writer.write((await reader.readline()).upper())
    await writer.drain()
    writer.close()


async def main():
    server = await asyncio.start_server(handle, "localhost", 0)
    async with server:
        reader, writer = await asyncio.open_connection("localhost", server.sockets[0].getsockname()[1])
        writer.write(b"abc\n")
        print(await reader.readline())
        writer.close()
    process = await asyncio.create_subprocess_exec("/bin/echo", "hi", stdout=asyncio.subprocess.PIPE)
    print(await process.communicate(), await asyncio.to_thread(len, "abc"), Message(3))
    try:
        async with asyncio.timeout(0.01):
            await asyncio.sleep(60)
    except TimeoutError:
        print("the end")


asyncio.run(main())
