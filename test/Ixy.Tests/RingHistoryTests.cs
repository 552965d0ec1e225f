using System.Diagnostics;

namespace Ixy.Tests;

/// <summary>
/// Histories of a ring used by several threads. For each there must be an order of its operations that a plain queue
/// allows, and in which no operation comes before one that had ended when it began (Herlihy and Wing's linearizability,
/// found by Wing and Gong's search).
/// </summary>
public sealed class RingHistoryTests
{
    private const int Threads = 3, OperationsEach = 4, Capacity = 4;

    [Fact]
    [Trait("needs", "time")]
    public void EveryHistoryIsOneOfAQueue()
    {
        long start = Stopwatch.GetTimestamp();
        int overlapping = 0, rounds = 0;
        for (; rounds < 20_000 && Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(20); rounds++)
        {
            var history = Run(seed: rounds);
            if (history.Any(
                one => history.Any(
                other => one.Thread != other.Thread && one.Begin < other.End && other.Begin < one.End))) overlapping++;
            Assert.True(
                IsOfAQueue(history),
                $"round {rounds}: no queue does "
                + $"this:\n{string.Join("\n", history.OrderBy(operation => operation.Begin))}");
        }
        // Otherwise only one thread was tested.
        Assert.InRange(overlapping, rounds / 20, rounds);
    }

    [Fact]
    public void TheSearchKnowsWhatIsNone()
    {
        // Taken before it was put; a packet overtaken; full when it was not; empty when it was not.
        Assert.False(IsOfAQueue([new(0, true, 1, [7], 2, 3), new(1, false, 1, [7], 0, 1)]));
        Assert.False(IsOfAQueue([new(0, true, 2, [1, 2], 0, 1), new(0, false, 1, [2], 2, 3)]));
        Assert.False(IsOfAQueue([new(0, true, 1, [], 0, 1)]));
        Assert.False(IsOfAQueue([new(0, true, 1, [1], 0, 1), new(1, false, 1, [], 2, 3)]));
        // Overlapping operations may have been in either order.
        Assert.True(IsOfAQueue([new(0, true, 1, [1], 0, 3), new(1, false, 1, [], 1, 2)]));
        Assert.True(IsOfAQueue([new(0, true, 1, [1], 0, 3), new(1, false, 1, [1], 1, 2)]));
    }

    private static List<Operation> Run(int seed)
    {
        var ring = new PacketRing(Capacity);
        var history = new Operation[Threads * OperationsEach];
        int clock = 0, waiting = Threads;
        var threads = Enumerable.Range(0, Threads).Select(thread => Task.Factory.StartNew(() =>
        {
            var random = new Random(seed * Threads + thread);
            Interlocked.Decrement(ref waiting);
            while (Volatile.Read(ref waiting) > 0) Thread.SpinWait(1);
            for (int i = 0; i < OperationsEach; i++)
            {
                int count = random.Next(1, 4), first = (thread * OperationsEach + i) * 4;
                bool puts = random.Next(2) == 0;
                var batch = puts ? PacketRingTests.Numbered(first, count) : new Packet[count];
                Thread.SpinWait(random.Next(30));
                int begin = Interlocked.Increment(ref clock);
                int done = puts ? ring.Enqueue(batch) : ring.Dequeue(batch);
                int end = Interlocked.Increment(ref clock);
                history[thread * OperationsEach + i] =
                    new(thread, puts, count, [.. batch[..done].Select(packet => (int)packet.Metadata)], begin, end);
            }
        }, TaskCreationOptions.LongRunning)).ToArray();
        Task.WaitAll(threads);
        return [.. history];
    }

    private static bool IsOfAQueue(List<Operation> history) => Search(history, done: 0, [], []);

    private static bool Search(List<Operation> history, int done, List<int> queue, HashSet<(int, string)> seen)
    {
        if (done == (1 << history.Count) - 1) return true;
        if (!seen.Add((done, string.Join(',', queue)))) return false;
        var open = Enumerable.Range(0, history.Count).Where(i => (done & 1 << i) == 0).ToList();
        int firstEnd = open.Min(i => history[i].End);
        foreach (int i in open)
        {
            // An operation that began after another had ended comes after it.
            if (history[i].Begin <= firstEnd && history[i].TryOn(queue) is { } after
                && Search(history, done | 1 << i, after, seen)) return true;
        }
        return false;
    }

    /// <param name="Thread">The thread that called.</param>
    /// <param name="Puts">Enqueue; otherwise Dequeue.</param>
    /// <param name="Wanted">How many packets it was to move.</param>
    /// <param name="Moved">The packets it moved.</param>
    /// <param name="Begin">When it was called.</param>
    /// <param name="End">When it had returned.</param>
    private sealed record Operation(int Thread, bool Puts, int Wanted, int[] Moved, int Begin, int End)
    {
        /// <summary>The queue after this operation; null if a queue would have answered differently.</summary>
        internal List<int>? TryOn(List<int> queue)
        {
            if (Moved.Length != Math.Min(Wanted, Puts ? Capacity - queue.Count : queue.Count)) return null;
            if (Puts) return [.. queue, .. Moved];
            return queue.Take(Moved.Length).SequenceEqual(Moved) ? queue[Moved.Length..] : null;
        }

        public override string ToString() =>
            $"{Begin,3}-{End,3} thread {Thread}: {(Puts ? "put" : "took")} {string.Join(' ', Moved)} of {Wanted}";
    }
}
