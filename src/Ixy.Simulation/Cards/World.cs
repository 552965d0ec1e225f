using System.Collections.Concurrent;
using Ixy.Hosting;
using Ixy.Simulation.Recording;
using Ixy.Simulation.Wires;

namespace Ixy.Simulation.Cards;

/// <summary>
/// What cards share: who gives them their turns, and what they know about each other, namely the ends of cables and the
/// frames of generators.
/// </summary>
internal abstract class World(TurnScheduler scheduler)
{
    /// <summary>The world of this process, in real time.</summary>
    internal static World RealTime { get; } = new RealTimeWorld();

    internal TurnScheduler Scheduler => scheduler;

    /// <summary>Its time moves only when told to.</summary>
    internal bool IsVirtual => scheduler is VirtualScheduler;

    /// <summary>Records what happens to cards opened from now on; none if null.</summary>
    internal Recorder? Recorder { get; set; }

    /// <summary>Names of the open cards.</summary>
    internal CardNames Names { get; } = new();

    /// <summary>The plugged-in ends of cables: one or two per name. Lock it for access.</summary>
    internal Dictionary<string, List<CableWire>> Cables { get; } = [];

    /// <summary>The sending generators, by id.</summary>
    internal ConcurrentDictionary<ushort, NumberedSource> Generators { get; } = new();

    /// <summary>An address that no other card of the world has.</summary>
    internal abstract MacAddress NextMacAddress();

    /// <summary>An id for a generator; it may be in use.</summary>
    internal abstract ushort DrawGeneratorId();

    private sealed class RealTimeWorld() : World(TurnScheduler.RealTime)
    {
        private static int s_cards;

        // Locally administered; the process id usually keeps the cards of two processes on one network apart.
        internal override MacAddress NextMacAddress() =>
            new(0x02_82_00_00_00_00 | (ulong)(ushort)Environment.ProcessId << 16
                | (ushort)Interlocked.Increment(ref s_cards));

        // So that generators of two processes on one network hardly ever take each other's frames for their own.
        internal override ushort DrawGeneratorId() => (ushort)Random.Shared.Next(ushort.MaxValue + 1);
    }
}
