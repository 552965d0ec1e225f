using System.Diagnostics;
using System.Runtime;
using System.Runtime.CompilerServices;
using Ixy.Simulation;
using Ixy.Vfio;

namespace Ixy.Cli;

/// <summary>
/// A loop's practice on simulated cards, before its first real packet. The JIT translates a method in haste when it is
/// first called, and well only once it has seen it run; each translation takes longer than a ring takes to fill
/// (512 packets at 14.88 Mpps: 34 µs). So all of it happens here, where a lost packet is nobody's.
/// </summary>
internal static class PracticeRun
{
    private static readonly TimeSpan s_settled = TimeSpan.FromMilliseconds(250), s_longest = TimeSpan.FromSeconds(4),
        s_pause = TimeSpan.FromMilliseconds(5);

    // Small, so that it hardly takes memory from the cards that matter.
    private static readonly NetworkDeviceOptions s_small = new() { RingSize = 128, PoolSize = 512 };

    /// <summary>
    /// Runs a command's loops until the JIT has had nothing to do for a while. Beside that the real functions are asked
    /// for who they are, again and again: one in another process answers by messages, which no simulated card needs.
    /// </summary>
    /// <param name="real">The functions the loops will be for.</param>
    /// <param name="options">How they will be started.</param>
    /// <param name="createLoops">Makes the loops.</param>
    /// <param name="rehearse">Does with the cards what will be done beside the loop.</param>
    /// <param name="cancel">Ends the practice early.</param>
    /// <exception cref="PciDeviceException">A real function has gone.</exception>
    internal static void Run(
        Ports real, NetworkDeviceOptions options, Func<NetworkDevice[], PacketLoop[]> createLoops,
        Action<Ports> rehearse, StopRequest cancel) =>
        Run("ixgbe", real.Waiting, options, createLoops, rehearse, real.Touch, cancel);

    /// <summary>
    /// The same for a kind of card itself, which others are going to drive: its model has as little time to spare.
    /// </summary>
    internal static void RunCard(string kind, StopRequest cancel) =>
        Run(kind, cards: 2, new(), cards => ForwardLoop<ReadFirstLine>.Create(cards, batchSize: 32, sleeps: false),
            _ => { }, () => { }, cancel);

    private static void Run(
        string kind, int cards, NetworkDeviceOptions options, Func<NetworkDevice[], PacketLoop[]> createLoops,
        Action<Ports> rehearse, Action meanwhile,
        StopRequest cancel)
    {
        // A native program is compiled already.
        if (!RuntimeFeature.IsDynamicCodeCompiled) return;
        // Two threads do all that many do.
        int queues = Math.Min(options.ReceiveQueues, 2), flows = queues == 1 ? 1 : 16;
        using var ports = new Ports(
            [.. Enumerable.Repeat($"{SimulatedCards.Prefix}{kind},wire=generator,flows={flows}", cards)]);
        ports.Start(s_small with
        {
            ReceiveQueues = queues,
            TransmitQueues = queues,
            MaxFrameSize = options.MaxFrameSize,
            CheckedPools = options.CheckedPools,
            Interrupts = options.Interrupts,
        });
        rehearse(ports);
        using var loops = new LoopGroup(createLoops([.. ports.Devices]), ports.Devices);
        loops.Start();
        loops.Measure();
        ports.StartSending();
        WaitUntilCompiled(meanwhile, cancel);
        loops.Finish();
    }

    private static void WaitUntilCompiled(Action meanwhile, StopRequest cancel)
    {
        long start = Stopwatch.GetTimestamp(), changed = start, methods = 0;
        while (Stopwatch.GetElapsedTime(changed) < s_settled && Stopwatch.GetElapsedTime(start) < s_longest)
        {
            if (cancel.Wait(s_pause)) return;
            meanwhile();
            long now = JitInfo.GetCompiledMethodCount();
            if (now != methods) changed = Stopwatch.GetTimestamp();
            methods = now;
        }
    }
}
