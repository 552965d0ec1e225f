using System.Buffers.Binary;

namespace Ixy.Cli;

/// <summary>Sends numbered packets at a given rate, and counts and drops what arrives.</summary>
internal sealed class GenerateLoop : PacketLoop
{
    // After a pause, up to this many packets are sent without a gap to catch up; the rest of the pause is forgotten.
    private const long LongestBurst = 512;

    private readonly NetworkDevice _device;
    private readonly TimeProvider _clock;
    private readonly PacketPool _pool;
    private readonly Packet[] _batch, _received;
    private readonly double _packetsPerSecond;
    private readonly long _count;
    private long _start, _scheduled, _sent;

    /// <param name="device">The device to send from.</param>
    /// <param name="pool">Full of identical packets; the last four bytes of each become its number.</param>
    /// <param name="batchSize">Most packets per driver call.</param>
    /// <param name="packetsPerSecond">Infinity for as fast as possible.</param>
    /// <param name="count">The measured part is over after this many.</param>
    internal GenerateLoop(NetworkDevice device, PacketPool pool, int batchSize, double packetsPerSecond, long count)
        : base(device.TransmitQueues[0])
    {
        (_device, _pool, _packetsPerSecond, _count) = (device, pool, packetsPerSecond, count);
        _clock = device.PciDevice.Clock;
        _batch = new Packet[batchSize];
        _received = new Packet[batchSize];
    }

    protected override bool FollowsClock => !double.IsPositiveInfinity(_packetsPerSecond);

    protected override int Round()
    {
        PassiveRound();
        int due = (int)Math.Min(Math.Min(_batch.Length, _count - _sent), Due()), sent = Send(due);
        _scheduled += sent;
        _sent += sent;
        if (_sent == _count) StopMeasuring();
        GiveUpIfStuck(due > 0 && sent == 0);
        return sent;
    }

    protected override int PassiveRound()
    {
        int received = _device.Receive(_received);
        PacketPool.Free(_received.AsSpan(0, received));
        return received;
    }

    private long Due()
    {
        if (double.IsPositiveInfinity(_packetsPerSecond)) return long.MaxValue;
        // The schedule starts at the first call, and its first packet is due at once.
        if (_start == 0) _start = _clock.GetTimestamp();
        long due = (long)(_clock.GetElapsedTime(_start).TotalSeconds * _packetsPerSecond) + 1 - _scheduled;
        if (due <= LongestBurst) return due;
        _scheduled += due - LongestBurst;
        return LongestBurst;
    }

    private int Send(int count)
    {
        var batch = _batch.AsSpan(0, count);
        batch = batch[.._pool.Allocate(batch)];
        uint number = (uint)_sent;
        foreach (ref readonly var packet in batch) BinaryPrimitives.WriteUInt32BigEndian(packet.Data[^4..], number++);
        int sent = _device.Transmit(batch);
        if (sent == 0 && !batch.IsEmpty) ThrowIfRefused(batch[0]);
        PacketPool.Free(batch[sent..]);
        return sent;
    }

    // All are alike: if the device cannot send them, the user asked for the impossible.
    private void ThrowIfRefused(in Packet packet)
    {
        var refusal = _device.TransmitQueues[0].Examine(packet);
        if (refusal.IsRefused) throw new ArgumentException($"{_device.Name}: {refusal}; see --size");
    }
}
