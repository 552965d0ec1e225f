using System.Diagnostics;
using Ixy.Vfio;

namespace Ixy.Hosting.Turns;

/// <summary>
/// The clock of the simulated cards of this process: one thread that gives every card its turns, as hardware fetches
/// descriptors on its own. Register accesses of drivers are let in between turns, never during one.
/// It starts with the first card and ends with the last.
/// </summary>
internal static class DeviceThread
{
    private const int TurnsPerLock = 16;
    private static readonly long s_idleBeforeYield = 20_000, s_idleBeforeSleep = 5_000_000, s_longestAtOnce = 35_000;

    // Held by the device thread during turns, and by a driver's thread during a register access.
    private static readonly object s_gate = new();
    private static readonly List<PciFunctionModel> s_cards = [];
    private static PciFunctionModel[] s_running = [];
    private static Thread? s_thread;
    private static int s_waiting, s_servers, s_core;

    /// <summary>
    /// Cards of other processes may run on the same core, or a driver's thread polls there: each is to have its turns after
    /// microseconds, not when the scheduler takes the core away.
    /// </summary>
    internal static bool SharesCore => Volatile.Read(ref s_servers) > 0 || CoreUse.IsShared(s_core);

    /// <summary>The clock of all cards, in nanoseconds.</summary>
    internal static long Now => (long)(Stopwatch.GetTimestamp() * (1e9 / Stopwatch.Frequency));

    /// <summary>Gives a card its turns from now on.</summary>
    internal static void Add(PciFunctionModel card)
    {
        lock (s_cards)
        {
            Enter();
            s_cards.Add(card);
            s_running = [.. s_cards];
            Leave();
            if (s_thread is not null) return;
            s_thread = new Thread(Run) { IsBackground = true, Name = "simulated cards" };
            s_thread.Start();
        }
    }

    /// <summary>Takes a card out: after this it has no turn any more.</summary>
    internal static void Remove(PciFunctionModel card)
    {
        lock (s_cards)
        {
            Enter();
            s_cards.Remove(card);
            s_running = [.. s_cards];
            Leave();
            if (s_running.Length > 0) return;
            s_thread?.Join();
            s_thread = null;
        }
    }

    /// <summary>A card is served to other processes from now on, or no more: see <see cref="SharesCore"/>.</summary>
    internal static void ChangeServers(int change) => Interlocked.Add(ref s_servers, change);

    /// <summary>Waits for the turn to end and holds the next one back, until <see cref="Leave"/>.</summary>
    internal static void Enter()
    {
        Interlocked.Increment(ref s_waiting);
        Monitor.Enter(s_gate);
    }

    /// <summary>Lets the cards go on.</summary>
    internal static void Leave()
    {
        Monitor.Exit(s_gate);
        Interlocked.Decrement(ref s_waiting);
    }

    private static void Run()
    {
        // The last core, as drivers' threads take the first ones.
        s_core = ThreadPlacement.AllowedCores()[^1];
        ThreadPlacement.PinTo(s_core);
        CoreUse.Enter(s_core);
        GiveTurns();
        CoreUse.Leave(s_core);
    }

    private static void GiveTurns()
    {
        long busyAt = Now, yieldedAt = busyAt;
        while (true)
        {
            bool busy = false;
            lock (s_gate)
            {
                var cards = s_running;
                if (cards.Length == 0) return;
                for (int turn = 0; turn < TurnsPerLock && Volatile.Read(ref s_waiting) == 0; turn++)
                {
                    long now = Now;
                    foreach (var card in cards)
                    {
                        busy |= card.Poll(now);
                        card.Dma.EndTurn();
                    }
                    if (busy) busyAt = now;
                }
            }
            LetOthersIn();
            if (!busy) Rest(Now - busyAt);
            if (!SharesCore || Now - yieldedAt < s_longestAtOnce) continue;
            Thread.Yield();
            yieldedAt = Now;
        }
    }

    private static void LetOthersIn()
    {
        var spin = new SpinWait();
        while (Volatile.Read(ref s_waiting) != 0) spin.SpinOnce(sleep1Threshold: -1);
    }

    // An idle card leaves the core to others, the longer the more; a busy one never comes here.
    private static void Rest(long idle)
    {
        if (idle > s_idleBeforeSleep) ShortSleep.Microseconds(100);
        else if (idle > s_idleBeforeYield) Thread.Yield();
    }
}
