using System.Collections.Concurrent;
using System.Diagnostics;
using Ixy.Simulation;
using Ixy.Simulation.Cards;
using Ixy.Simulation.Ixgbe;
using Ixy.Simulation.Virtio;
using Ixy.Simulation.Wires;
using Ixy.Vfio;

namespace Ixy.Testing.Cards;

/// <summary>
/// Our driver on a simulated card; the test controls the far end of the wire. Checked pools by default.
/// </summary>
internal sealed class DriverBench : IDisposable
{
    internal static readonly NetworkDeviceOptions Defaults = new() { CheckedPools = true, PoolSize = 1024 };

    private readonly long _violationsBefore, _faultsBefore;

    /// <param name="options">The driver's options; <see cref="Defaults"/> if null.</param>
    /// <param name="card">The card's options.</param>
    /// <param name="before">What something else does to the card first; rules broken then do not count against the
    /// driver.</param>
    internal DriverBench(
        NetworkDeviceOptions? options = null, IxgbeCardOptions? card = null, Action<PciDevice>? before = null)
        : this(options, wire => new IxgbeCard(card ?? new IxgbeCardOptions(), wire), before)
    {
    }

    internal DriverBench(NetworkDeviceOptions? options, VirtioCardOptions card)
        : this(options, wire => new VirtioCard(card, wire))
    {
    }

    private DriverBench(NetworkDeviceOptions? options, Func<Wire, CardModel> plugIn, Action<PciDevice>? before = null)
    {
        Card = plugIn(Wire);
        var function = new SimulatedPciDevice("sim:test", Card);
        before?.Invoke(function);
        (_violationsBefore, _faultsBefore) = (Card.Violations.Count, Card.Dma.Faults);
        Device = NetworkDevice.Open(function, options ?? Defaults);
        Assert.True(Device.WaitForLink(TimeSpan.FromSeconds(10)), "no link");
    }

    internal FarEnd Wire { get; } = new();

    internal CardModel Card { get; }

    internal NetworkDevice Device { get; }

    /// <summary>Waits for something that another thread does; fails after ten seconds.</summary>
    internal static void Until(Func<bool> condition, string what)
    {
        var watch = Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(10), $"waited in vain: {what}");
            Thread.Yield();
        }
    }

    /// <summary>Receives until that many frames have come, and frees their packets.</summary>
    internal List<byte[]> Receive(int count, int batch = 32) => Receive(Device.ReceiveQueues[0], count, batch);

    internal static List<byte[]> Receive(ReceiveQueue queue, int count, int batch = 32)
    {
        var frames = new List<byte[]>();
        var packets = new Packet[batch];
        Until(() =>
        {
            int received = queue.Receive(packets);
            foreach (var packet in packets.AsSpan(0, received)) frames.Add(packet.Data.ToArray());
            PacketPool.Free(packets.AsSpan(0, received));
            return frames.Count >= count;
        }, $"{count} frames");
        return frames;
    }

    /// <summary>Sends frames on a queue, waiting for room where necessary.</summary>
    internal static void Send(TransmitQueue queue, PacketPool pool, IEnumerable<byte[]> frames, int batch = 32)
    {
        foreach (byte[][] chunk in frames.Chunk(batch))
        {
            var packets = new Packet[chunk.Length];
            int allocated = 0;
            Until(() => (allocated += pool.Allocate(packets.AsSpan(allocated))) == packets.Length
                || queue.Transmit([]) != 0, "buffers");
            for (int i = 0; i < chunk.Length; i++)
            {
                packets[i].Length = chunk[i].Length;
                chunk[i].CopyTo(packets[i].Data);
            }
            int sent = 0;
            Until(() => (sent += queue.Transmit(packets.AsSpan(sent))) == packets.Length, "room in the ring");
        }
    }

    /// <summary>A numbered frame to the card's own address, IPv4/UDP, with the number as its source address.</summary>
    internal static byte[] Frame(int number, int length = 60)
    {
        byte[] frame = new byte[length];
        new MacAddress(new IxgbeCardOptions().MacAddress).CopyTo(frame);
        new MacAddress(0x02_00_00_00_00_01).CopyTo(frame.AsSpan(6));
        new byte[] { 0x08, 0x00, 0x45, 0x00 }.CopyTo(frame.AsSpan(12));
        System.Buffers.Binary.BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(16), (ushort)(length - 14));
        frame[22] = 64;
        frame[23] = 17;
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(26), number);
        new byte[] { 10, 0, 0, 1 }.CopyTo(frame.AsSpan(30));
        for (int i = 42; i < length; i++) frame[i] = (byte)(number + i);
        return frame;
    }

    internal static IEnumerable<byte[]> Frames(int count, int length = 60) =>
        Enumerable.Range(0, count).Select(number => Frame(number, length));

    /// <summary>Disposes the device and asserts that the driver broke no rule and left nothing behind.</summary>
    public void Dispose()
    {
        Device.Dispose();
        Assert.Empty(Card.Violations.All.Skip((int)_violationsBefore));
        Assert.Equal((_violationsBefore, _faultsBefore), (Card.Violations.Count, Card.Dma.Faults));
    }
}

/// <summary>The far end of a card's wire, usable from the test's thread.</summary>
internal sealed class FarEnd : Wire
{
    private readonly ConcurrentQueue<(byte[] Frame, FrameErrors Errors)> _toCard = new();
    private volatile bool _signal = true;

    internal ConcurrentQueue<byte[]> FromCard { get; } = new();

    internal bool Signal
    {
        set => _signal = value;
    }

    public override bool HasSignal => _signal;

    internal bool IsEmpty => _toCard.IsEmpty;

    internal void Deliver(IEnumerable<byte[]> frames)
    {
        foreach (byte[] frame in frames) Deliver(frame);
    }

    internal void Deliver(byte[] frame, FrameErrors errors = FrameErrors.None) => _toCard.Enqueue((frame, errors));

    public override void Send(ReadOnlySpan<byte> frame, long now) => FromCard.Enqueue(frame.ToArray());

    public override ReadOnlySpan<byte> Receive(long now, out FrameErrors errors)
    {
        bool any = _toCard.TryDequeue(out var next);
        errors = next.Errors;
        return any ? next.Frame : [];
    }
}
