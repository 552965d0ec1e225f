namespace Ixy.Vm.Tests.Traffic;

/// <summary>What is sent in each direction.</summary>
internal sealed record TrafficPlan
{
    // Coprime to the number of lengths from 60 to 1,514 and to 9,014, so that every length occurs.
    private const ulong Stride = 7919;

    internal int Frames { get; init; } = 10_000;

    /// <summary>Shortest and longest frame, without FCS.</summary>
    internal int Shortest { get; init; } = 60;

    /// <inheritdoc cref="Shortest"/>
    internal int Longest { get; init; } = 1514;

    /// <summary>Maximum number of frames on the way: an emulated card is no 10-gigabit card.</summary>
    internal int Window { get; init; } = 64;

    /// <summary>UDP flows, a power of two. A card with several queues keeps order only within a flow.</summary>
    internal int Flows { get; init; } = 1;

    /// <summary>Length in bytes of the frame with this number.</summary>
    internal int Length(ulong number) => Shortest + (int)(number * Stride % (ulong)(Longest - Shortest + 1));

    /// <summary>Total bytes of all frames of one direction.</summary>
    internal long TotalBytes => Enumerable.Range(0, Frames).Sum(number => (long)Length((ulong)number));
}
