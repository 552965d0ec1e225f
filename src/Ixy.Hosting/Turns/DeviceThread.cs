using System.Diagnostics;
using Ixy.Vfio;

namespace Ixy.Hosting.Turns;

/// <summary>
/// The clock of the simulated devices of this process: one thread that gives every device its turns, just as hardware
/// fetches descriptors on its own. Register accesses by drivers are let in between turns, never during one. It starts
/// with the first device and ends with the last.
/// </summary>
internal static class DeviceThread
{
    private const int TurnsPerLock = 16;
    private static readonly long s_idleBeforeYield = 20_000, s_idleBeforeSleep = 5_000_000, s_longestAtOnce = 35_000;

    // Microseconds. Doorbells are plain memory, so nothing wakes the thread when one is rung: it has to poll. A sleep
    // costs 20 to 40 microseconds of processor time, almost all of it in the kernel: 250 a second are 0.5 to 1 %.
    private const int ShortestSleep = 100, LongestSleep = 4_000;

    // It sleeps for a fraction of the time it has been idle.
    private const long IdlePerSleep = 64;

    // While no device has a client: timers still run, and the link comes up.
    private static readonly TimeSpan s_unattendedSleep = TimeSpan.FromMilliseconds(250);

    // Ends that sleep.
    private static readonly AutoResetEvent s_attention = new(false);

    // Held by the device thread during turns, and by a driver's thread during a register access.
    private static readonly object s_gate = new();
    private static readonly List<PciFunctionModel> s_models = [];
    private static PciFunctionModel[] s_running = [];
    private static Thread? s_thread;
    private static int s_waiting, s_served, s_servers, s_unattended, s_core;

    /// <summary>
    /// Devices of other processes, or a driver's polling thread, may share this core: each must get its turns within
    /// microseconds, not whenever the kernel's scheduler preempts this thread.
    /// </summary>
    internal static bool SharesCore => Volatile.Read(ref s_servers) > 0 || CoreUse.IsShared(s_core);

    /// <summary>The clock of all devices, in nanoseconds.</summary>
    internal static long Now => (long)(Stopwatch.GetTimestamp() * (1e9 / Stopwatch.Frequency));

    /// <summary>Adds a device, which gets turns from now on.</summary>
    internal static void Add(PciFunctionModel model)
    {
        lock (s_models)
        {
            Enter();
            s_models.Add(model);
            s_running = [.. s_models];
            Leave();
            s_attention.Set();
            if (s_thread is not null) return;
            s_thread = new Thread(Run) { IsBackground = true, Name = "simulated cards" };
            s_thread.Start();
        }
    }

    /// <summary>Removes a device: it gets no more turns after this.</summary>
    internal static void Remove(PciFunctionModel model)
    {
        lock (s_models)
        {
            Enter();
            s_models.Remove(model);
            s_running = [.. s_models];
            Leave();
            s_attention.Set();
            if (s_running.Length > 0) return;
            s_thread?.Join();
            s_thread = null;
        }
    }

    /// <summary>Counts devices served to other processes: see <see cref="SharesCore"/>.</summary>
    internal static void ChangeServers(int change) => Interlocked.Add(ref s_servers, change);

    /// <summary>Counts served devices without a client: if all are, the thread sleeps.</summary>
    internal static void ChangeUnattended(int change)
    {
        Interlocked.Add(ref s_unattended, change);
        if (change < 0) s_attention.Set();
    }

    /// <summary>Waits for the current turn to end and holds back the next one, until <see cref="Leave"/>.</summary>
    internal static void Enter()
    {
        Interlocked.Increment(ref s_waiting);
        Monitor.Enter(s_gate);
    }

    /// <summary>Lets the turns continue.</summary>
    internal static void Leave()
    {
        s_served++;
        Monitor.Exit(s_gate);
        Interlocked.Decrement(ref s_waiting);
    }

    private static void Run()
    {
        // The last core, because drivers' threads take the first ones.
        s_core = ThreadPlacement.AllowedCores()[^1];
        ThreadPlacement.PinTo(s_core);
        CoreUse.Enter(s_core);
        GiveTurns();
        CoreUse.Leave(s_core);
    }

    private static void GiveTurns()
    {
        long busyAt = Now, yieldedAt = busyAt, idle = 0;
        while (true)
        {
            bool busy = false;
            // After a sleep, one poll is enough.
            int turns = idle > s_idleBeforeSleep ? 1 : TurnsPerLock;
            lock (s_gate)
            {
                var models = s_running;
                if (models.Length == 0) return;
                // At least one turn, even if threads are waiting: threads that call all the time would starve the
                // devices.
                for (int turn = 0; turn == 0 || turn < turns && Volatile.Read(ref s_waiting) == 0; turn++)
                {
                    long now = Now;
                    foreach (var model in models)
                    {
                        busy |= model.Poll(now);
                        model.Dma.EndTurn();
                    }
                    if (busy) busyAt = now;
                }
            }
            LetOthersIn();
            idle = busy ? 0 : Now - busyAt;
            Rest(idle);
            if (!SharesCore || Now - yieldedAt < s_longestAtOnce) continue;
            Thread.Yield();
            yieldedAt = Now;
        }
    }

    // As many as are waiting now, not those that arrive meanwhile.
    private static void LetOthersIn()
    {
        var spin = new SpinWait();
        int before = Volatile.Read(ref s_served), waiting = Volatile.Read(ref s_waiting);
        while (Volatile.Read(ref s_waiting) != 0 && Volatile.Read(ref s_served) - before < waiting)
            spin.SpinOnce(sleep1Threshold: -1);
    }

    // Idle devices yield the core, longer and longer.
    private static void Rest(long idle)
    {
        if (idle <= s_idleBeforeYield) return;
        if (Volatile.Read(ref s_unattended) >= s_running.Length) s_attention.WaitOne(s_unattendedSleep);
        else if (idle <= s_idleBeforeSleep) Thread.Yield();
        else ShortSleep.Microseconds((int)Math.Clamp(idle / (1_000 * IdlePerSleep), ShortestSleep, LongestSleep));
    }
}
