using System.Diagnostics;

namespace Ixy.Vm.Tests.Traffic;

/// <summary>Two hosts that send each other numbered frames through whatever is between their ports.</summary>
internal sealed class Exchange
{
    // An emulated machine on a busy host may stall for seconds.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(15),
        s_timeForDuplicates = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(1);

    private readonly EthernetPort _left, _right;
    private readonly FrameStream _there, _back;
    private readonly TrafficPlan _plan;
    private readonly byte[] _frame = new byte[EthernetPort.LongestFrame];

    internal Exchange(EthernetPort left, EthernetPort right, TrafficPlan plan)
    {
        (_left, _right, _plan) = (left, right, plan);
        // Random, so that leftovers of an earlier exchange are not taken for this one's frames.
        ushort id = (ushort)(Random.Shared.Next(1 << 15) * 2);
        _there = new(plan, id, (ushort)(id + 1));
        _back = new(plan, (ushort)(id + 1), id);
    }

    /// <summary>The verdict on frames from left to right.</summary>
    internal Verdict There => _there.Verdict;

    /// <summary>The verdict on frames from right to left.</summary>
    internal Verdict Back => _back.Verdict;

    /// <summary>All frames from left to right, and from right to left.</summary>
    internal (IEnumerable<byte[]> There, IEnumerable<byte[]> Back) Frames() => (All(_there), All(_back));

    /// <summary>
    /// Sends everything, and asserts that it arrives in order and unchanged. Returns frames per second, both directions
    /// together.
    /// </summary>
    internal double RunFaultless()
    {
        var time = Run();
        var faultless = Verdict.Faultless(_plan.Frames);
        Assert.True(
            (There, Back) == (faultless, faultless), $"there: {There} {_there.Faults}\nback: {Back} {_back.Faults}");
        return 2 * _plan.Frames / time.TotalSeconds;
    }

    /// <summary>Sends everything; ends when all has arrived or nothing more comes. Returns the time it took.</summary>
    internal TimeSpan Run(CancellationToken stop = default)
    {
        _left.Drain();
        _right.Drain();
        long start = Stopwatch.GetTimestamp(), moved = start;
        while (!IsComplete && Stopwatch.GetElapsedTime(moved) < s_patience && !stop.IsCancellationRequested)
        {
            if (Move()) moved = Stopwatch.GetTimestamp();
            else _right.WaitForFrame(s_pause);
        }
        var time = Stopwatch.GetElapsedTime(start);
        for (start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start) < s_timeForDuplicates;)
        {
            if (!Receive(_right, _there) & !Receive(_left, _back)) Thread.Sleep(s_pause);
        }
        return time;
    }

    private IEnumerable<byte[]> All(FrameStream stream) => Enumerable.Range(0, _plan.Frames).Select(stream.Frame);

    private bool IsComplete => _there is { AllSent: true, AllArrived: true }
        && _back is { AllSent: true, AllArrived: true };

    private bool Move() => Send(_left, _there) | Send(_right, _back) | Receive(_right, _there) | Receive(_left, _back);

    private static bool Send(EthernetPort port, FrameStream stream)
    {
        if (!stream.HasRoom || !port.TrySend(stream.NextFrame())) return false;
        stream.CountSent();
        return true;
    }

    private bool Receive(EthernetPort port, FrameStream stream)
    {
        int length = port.TryReceive(_frame);
        if (length == 0) return false;
        stream.Judge(_frame.AsSpan(0, length));
        return true;
    }
}
