using System.Diagnostics;
using System.Runtime;
using System.Runtime.CompilerServices;
using Ixy.Simulation;
using Ixy.Vfio;

namespace Ixy.Cli;

/// <summary>
/// A loop's warm-up on simulated cards, before its first real packet. The JIT compiles a method quickly when it is
/// first called, and well only after it has seen it run; each compilation takes longer than a ring takes to fill (512
/// packets at 14.88 Mpps: 34 µs). So all of that happens here, where a lost packet does not matter.
/// </summary>
internal static class WarmUp
{
    private static readonly TimeSpan s_settled = TimeSpan.FromMilliseconds(250), s_longest = TimeSpan.FromSeconds(4),
        s_pause = TimeSpan.FromMilliseconds(5);

    // Small, so that it takes hardly any memory from the cards that matter.
    private static readonly NetworkDeviceOptions s_small = new() { RingSize = 128, PoolSize = 512 };

    /// <summary>
    /// Runs a command's loops until the JIT has been idle for a while. Meanwhile the real functions are asked for their
    /// identity again and again: one in another process answers by messages, which simulated cards do not need.
    /// </summary>
    /// <param name="real">The functions the loops will use.</param>
    /// <param name="options">How they will be started.</param>
    /// <param name="createLoops">Creates the loops.</param>
    /// <param name="besides">Does to the cards what will be done besides the loop.</param>
    /// <param name="cancel">Ends the warm-up early.</param>
    /// <exception cref="PciDeviceException">A real function is gone.</exception>
    internal static void Run(
        DeviceGroup real, NetworkDeviceOptions options, Func<NetworkDevice[], PacketLoop[]> createLoops,
        Action<DeviceGroup> besides, StopRequest cancel) =>
        Run("ixgbe", real.Waiting, options, createLoops, besides, real.Touch, cancel);

    /// <summary>
    /// The same for a simulated card that others are going to drive: its model has just as little time to spare.
    /// </summary>
    internal static void RunCard(string kind, StopRequest cancel) =>
        Run(kind, cards: 2, new(), cards => ForwardLoop<ReadFirstLine>.Create(cards, batchSize: 32, sleeps: false),
            _ => { }, () => { }, cancel);

    private static void Run(
        string kind, int cards, NetworkDeviceOptions options, Func<NetworkDevice[], PacketLoop[]> createLoops,
        Action<DeviceGroup> besides, Action meanwhile, StopRequest cancel)
    {
        // A native program is compiled already.
        if (!RuntimeFeature.IsDynamicCodeCompiled) return;
        // Two threads cover everything that many do.
        int queues = Math.Min(options.ReceiveQueues, 2), flows = queues == 1 ? 1 : 16;
        using var group = new DeviceGroup(
            [.. Enumerable.Repeat($"{SimulatedCards.Prefix}{kind},wire=generator,flows={flows}", cards)]);
        group.Start(s_small with
        {
            ReceiveQueues = queues,
            TransmitQueues = queues,
            MaxFrameSize = options.MaxFrameSize,
            CheckedPools = options.CheckedPools,
            Interrupts = options.Interrupts,
        });
        besides(group);
        using var loops = new LoopGroup(createLoops([.. group.Devices]), group.Devices);
        loops.Start();
        loops.Measure();
        group.StartSending();
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
