using Ixy.Hosting.Interop;
using Ixy.Hosting.VfioUser;
using Ixy.Simulation.Cards;
using Ixy.Simulation.Ixgbe;
using Ixy.Simulation.Virtio;
using Ixy.Vfio.VfioUser;

namespace Ixy.Fuzz.Targets;

/// <summary>
/// A client's messages to a server with a card: command, number and kinds of descriptors, payload, with turns for the
/// card in between. In the end nothing of the client's may be left.
/// </summary>
internal static unsafe class ServerTarget
{
    private const int Commands = 20, NextClient = 19, MostMessages = 64, FileLength = 0x10000;
    private const byte WithTurns = 1 << 6, AnyHeader = 1 << 7, IsVirtio = 1 << 0, IsPacked = 1 << 1, Unasked = 1 << 2;

    // Linux's largest errno is 133.
    private const int LastError = 133;

    private static readonly int s_sealed = Descriptors.MemoryFile(FileLength, Libc.F_SEAL_SHRINK),
        s_open = Descriptors.MemoryFile(FileLength, 0);

    internal static void Run(byte[] input)
    {
        // Erases what earlier inputs wrote.
        foreach (int file in (int[])[s_sealed, s_open]) Clear(file);
        int before = Descriptors.Count();
        Serve(new InputReader(input));
        int after = Descriptors.Count();
        FuzzException.Require(before == after, $"{before} descriptors before, {after} after");
    }

    private static void Serve(InputReader input)
    {
        byte kind = input.Byte();
        using var wire = new InputWire();
        using CardModel card = (kind & IsVirtio) != 0
            ? new VirtioCard(new() { IsPacked = (kind & IsPacked) != 0 }, wire)
            : new IxgbeCard(new() { LinkUpDelay = 0 }, wire);
        var handler = new CommandHandler(card, new DistantMemory());
        using var message = new Message();
        var reply = new Reply();
        if ((kind & Unasked) == 0) Greet(handler, message, reply);
        for (int i = 0; i < MostMessages && !input.IsEmpty; i++)
        {
            int command = input.Byte() % Commands;
            if (command == NextClient || handler.IsOver)
            {
                handler.Dispose();
                handler = new(card, new DistantMemory());
                Greet(handler, message, reply);
                continue;
            }
            byte how = input.Byte();
            var header = new Header(
                (ushort)i, (Command)command, 0, (how & AnyHeader) != 0 ? input.Number() : Protocol.TYPE_COMMAND, 0);
            Fill(message, header, input.Take(input.Byte()), how);
            int error = handler.Handle(message, reply);
            FuzzException.Require(error is >= 0 and <= LastError, $"command {command} is answered with {error}");
            message.Descriptors.Dispose();
            if ((how & WithTurns) != 0) TakeTurns(card);
        }
        handler.Dispose();
        FuzzException.Require(!card.Dma.IsMapped(0, ulong.MaxValue), "memory of the last client is mapped");
    }

    private static void Greet(CommandHandler handler, Message message, Reply reply)
    {
        Fill(message, new(0, Command.VERSION, 0, Protocol.TYPE_COMMAND, 0), [0, 0, 1, 0], how: 0);
        FuzzException.Require(handler.Handle(message, reply) == 0, "version 0.1 is refused");
    }

    // Bits 0 and 1: the number of descriptors; bits 2 and 3: their kind.
    private static void Fill(Message message, Header header, ReadOnlySpan<byte> payload, byte how)
    {
        message.Begin(header with { Size = (uint)(Header.Length + payload.Length) }, payload.Length);
        payload.CopyTo(message.Payload);
        for (int count = how & 3; count > 0; count--)
        {
            int template = (how >> 2 & 3) switch { 0 => s_sealed, 1 => s_open, _ => -1 };
            message.Descriptors.Add(
                template < 0 ? Descriptors.Event() : Libc.fcntl(template, Libc.F_DUPFD_CLOEXEC, 0));
        }
    }

    private static void TakeTurns(CardModel card)
    {
        for (int turn = 0; turn < 4; turn++)
        {
            card.Poll(card.Now + 1_000);
            card.Dma.EndTurn();
        }
    }

    private static void Clear(int file)
    {
        var zeroes = new byte[FileLength];
        fixed (byte* start = zeroes) _ = Libc.pwrite(file, start, FileLength, 0);
    }

    // Some accesses fail.
    private sealed class DistantMemory : IClientMemory
    {
        public bool TryRead(ulong address, Span<byte> target)
        {
            target.Fill((byte)(address >> 4));
            return address % 3 != 0;
        }

        public bool TryWrite(ulong address, ReadOnlySpan<byte> source) => source.Length % 3 != 0;
    }
}
