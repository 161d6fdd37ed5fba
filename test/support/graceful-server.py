"""Answers over HTTP with its version (argument); /slow takes 3 s. Told to end (SIGTERM), it takes nothing new after 0.3 s and finishes what it is in."""
import asyncio
import signal
import sys

busy = set()


async def answer(reader, writer):
    task = asyncio.current_task()
    busy.add(task)
    try:
        request = await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.0 200 OK\r\n\r\n")
        if b"/slow" in request:
            writer.write(b"begun\n")
            await writer.drain()
            await asyncio.sleep(3)
            writer.write(b"done\n")
        else:
            writer.write(sys.argv[1].encode())
        await writer.drain()
        writer.close()
        await writer.wait_closed()
    except (ConnectionError, asyncio.IncompleteReadError):
        writer.close()
    finally:
        busy.discard(task)


async def main():
    told = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told.set)
    server = await asyncio.start_server(answer, "0.0.0.0", 80, backlog=512)
    await told.wait()
    await asyncio.sleep(0.3)
    server.close()
    while busy:
        await asyncio.wait(set(busy))


asyncio.run(main())
