using Ixy.Simulation;
using Ixy.Simulation.Wires;

namespace Ixy.Soak;

/// <summary>Two simulated cards with generators, and a forwarder between them.</summary>
internal sealed class Traffic : IDisposable
{
    private static readonly TimeSpan s_stuck = TimeSpan.FromMinutes(1);

    private readonly SimulatedPciDevice[] _cards;
    private readonly NetworkDevice[] _devices;
    private readonly Packet[] _batch = new Packet[64];
    // Length of each device's receive ring; virtio cards determine their own.
    private readonly int[] _ringSizes;

    /// <param name="first">A card's specifier, without the prefix and its wire.</param>
    /// <param name="second">The other card's.</param>
    /// <param name="count">Number of frames each generator sends.</param>
    /// <param name="options">Options for both devices.</param>
    internal Traffic(string first, string second, long count, NetworkDeviceOptions? options = null)
    {
        options ??= new();
        _ringSizes = [.. new[] { first, second }.Select(card => card == "ixgbe" ? options.RingSize : 256)];
        _cards = [.. new[] { first, second }.Select(
            card => SimulatedCards.Open($"sim:{card},wire=generator,count={count}", waitsToSend: true))];
        _devices = [.. _cards.Select(card => NetworkDevice.Open(card, options))];
        foreach (var device in _devices) Expect(device.WaitForLink(s_stuck), $"{device.Name}: no link in a minute");
    }

    /// <summary>Buffers that were still out when everything was closed, since the start.</summary>
    internal static long BuffersOut { get; private set; }

    internal SimulatedPciDevice Card => _cards[0];

    internal NetworkDevice Device => _devices[0];

    internal long Received => _cards.Sum(card => card.WireStatistics.Received);

    /// <summary>Forwards until every frame has arrived: complete, once, in order and unchanged.</summary>
    internal long RunToEnd(long count)
    {
        foreach (var card in _cards) card.Wire.StartSending();
        RunUntil(() => _cards.All(card => card.WireStatistics.Received >= count));
        foreach (var card in _cards) CheckWhole(card.WireStatistics, count);
        CheckPools();
        return 2 * count;
    }

    /// <summary>Forwards until a condition holds, as long as frames keep arriving.</summary>
    internal void RunUntil(Func<bool> isOver)
    {
        long seen = -1, since = Environment.TickCount64;
        for (int round = 0; ; round++)
        {
            Forward(_devices[0], _devices[1]);
            Forward(_devices[1], _devices[0]);
            if (round % 64 != 0) continue;
            if (isOver()) return;
            long now = Environment.TickCount64;
            if (Received != seen) (seen, since) = (Received, now);
            Expect(now - since < s_stuck.TotalMilliseconds, $"nothing has arrived for a minute, after {seen:N0} frames");
        }
    }

    private void Forward(NetworkDevice from, NetworkDevice to)
    {
        int received = from.Receive(_batch), sent = 0;
        while (sent < received) sent += to.TransmitOrDrop(_batch.AsSpan(sent, received - sent));
    }

    private static void CheckWhole(WireStatistics wire, long count) => Expect(
        wire is { Lost: 0, Reordered: 0, Duplicated: 0, Corrupted: 0, Foreign: 0 } && wire.Received == count,
        $"of {count:N0} frames {wire.Received:N0} arrived, {wire.Lost} lost, {wire.Reordered} reordered, "
        + $"{wire.Duplicated} twice, {wire.Corrupted} changed, {wire.Foreign} foreign");

    // A buffer is free, in its receive ring, or in the other device's transmit ring.
    private void CheckPools()
    {
        for (int i = 0; i < 2; i++)
        {
            var pool = _devices[i].ReceiveQueues[0].Pool;
            int pending = _devices[1 - i].TransmitQueues[0].Pending, ring = pool.Capacity - pool.Available - pending;
            Expect(ring == _ringSizes[i], $"{pool.Options.Name}: {pool.Available} of {pool.Capacity} buffers are free "
                + $"and {pending} wait in a ring; {_ringSizes[i]} were to be in the receive ring, not {ring}");
        }
    }

    internal static void Expect(bool isTrue, string otherwise)
    {
        if (!isTrue) throw new SoakException(otherwise);
    }

    // Whatever has happened to the cards: once both are closed, each pool has all its buffers.
    public void Dispose()
    {
        List<PacketPool> pools = [.. _devices.SelectMany(device => device.ReceiveQueues).Select(queue => queue.Pool)];
        foreach (var device in _devices) device.Dispose();
        BuffersOut += pools.Sum(pool => pool.Capacity - pool.Available);
    }
}

/// <summary>A packet was lost or changed, or a state is wrong.</summary>
internal sealed class SoakException(string message) : Exception(message);
