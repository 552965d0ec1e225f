namespace Ixy.Labs.Grader;

/// <summary>Exercise 6.</summary>
internal sealed class BatchFrames : Exercise
{
    private const int PacketsPerDoorbell = 8;
    private const double Rate = 10e6;

    // Such a card may hold on to its descriptors for most of the time.
    private const int LeastOfPerverse = 300;

    internal override int Number => 6;

    internal override string Title => "batch, and measure";

    internal override string File => "6-batch.cs";

    internal override Type Contract => typeof(IMeasuredForwarder);

    internal override bool AllowsGiven => true;

    internal override IReadOnlyList<LabTask> Tasks { get; } = [
        new("forwards as before, and lets no frame wait", 3, ForwardsAsBefore),
        new("few register accesses under load", 2, FewAccesses),
        new("10 million packets a second", 3, Fast),
        new("measures it", 2, Measures)];

    private static void ForwardsAsBefore(Trial trial)
    {
        var bench = new ForwardBench(trial);
        // Far apart: each has to go out by itself.
        for (int i = 0; i < 40; i++)
        {
            byte[][] frames = bench.Next(1, 300);
            int before = bench.Out.Sent.Count;
            bench.In.Add(trial.Now + 100, frames[0]);
            for (int poll = 0; poll < 400 && bench.Out.Sent.Count == before; poll++)
            {
                trial.Advance(TimeSpan.FromMicroseconds(5));
                _ = bench.Poll();
            }
            trial.Advance(TimeSpan.FromMicroseconds(100));
            if (bench.Out.Sent.Count == before)
                throw trial.Failed(
                    "A single frame was not forwarded, though Poll was called 400 times: does it wait for a batch to be full? "
                    + "Write TDT at the end of each poll that has filled a descriptor.",
                    bench.TailLine > 0 ? bench.TailLine : bench.PollLine, "82599 7.2.3.3");
            bench.Check(frames, before, mayLose: false);
        }
        bench.ForwardSlowly(bench.Laps(2));
        bench.FillRing();
        bench.ForwardSlowly(bench.Laps(1));
    }

    private static void FewAccesses(Trial trial)
    {
        // Three microseconds for something else between two polls: some 30 packets have come then.
        var bench = Load(trial, 4_000, gap: 100, pause: 3_000);
        if (bench.Reads > 0)
            throw trial.Failed(
                $"Poll read registers {bench.Reads} times for {bench.Taken} packets. Each is a trip over the bus and back; DD "
                + "says all that there is to know.", bench.ReadLine, "82599 7.2.3.5.1");
        double perDoorbell = bench.Taken / (double)Math.Max(1, bench.Doorbells);
        if (perDoorbell < PacketsPerDoorbell && !trial.IsPerverse)
            throw trial.Failed(
                $"{bench.Taken} packets took {bench.Doorbells} writes of RDT and TDT: {perDoorbell:F1} packets for each. Under "
                + $"load it is to be {PacketsPerDoorbell} or more. Write each of them once in a poll.",
                bench.TailLine, "82599 7.1.9, 7.2.3.3");
        int reports = Reports(trial, bench, out int ring);
        if (reports > ring / 8 && !trial.IsPerverse)
            throw trial.Failed(
                $"RS was set in {reports} of {ring} transmit descriptors: each is one more write over the bus. Every 16th is "
                + "enough.", bench.TailLine, "82599 7.2.3.5.1");
    }

    // Plain cards: what is measured is the driver.
    private static void Fast(Trial trial)
    {
        if (trial.IsPerverse) return;
        var bench = Load(trial, 4_000, gap: 70, checkLoss: false);
        var (start, end) = (bench.Out.Sent[100].At, bench.Out.Sent[^100].At);
        double rate = (bench.Out.Sent.Count - 200) / ((end - start) / 1e9);
        if (rate < Rate)
            throw trial.Failed(
                $"{rate / 1e6:F1} million packets a second came out: {1e9 / rate:F0} ns for each, where a statement takes 1 ns, "
                + $"a register write 100 and a read 1000. There were {bench.Doorbells} writes of RDT and TDT and {bench.Reads} "
                + $"reads for {bench.Taken} packets.", bench.Reads > 0 ? bench.ReadLine : bench.TailLine, "82599 7.2.3.3");
    }

    private static void Measures(Trial trial)
    {
        var bench = new ForwardBench(trial);
        // Time that does not count.
        trial.Advance(TimeSpan.FromMicroseconds(500));
        Drive(trial, bench, 600, gap: 300);
        // Some are dropped.
        bench.FillRing();
        long start = bench.FirstPoll, end = bench.LastPoll;
        var measured = trial.Call("Measure", () => ((IMeasuredForwarder)bench.Forwarder).Measure());
        int line = trial.Run.Line;
        if (measured.Packets != bench.Taken)
            throw trial.Failed($"Measure says {measured.Packets} packets, and Poll has handed over {bench.Taken}.", line);
        if (measured.Doorbells != bench.Doorbells)
            throw trial.Failed(
                $"Measure says {measured.Doorbells} doorbells, and there were {bench.Doorbells} writes of RDT and TDT by Poll.",
                line);
        double rate = bench.Taken / ((end - start) / 1e9);
        if (Math.Abs(measured.PacketsPerSecond / rate - 1) > 0.05)
            throw trial.Failed(
                $"Measure says {measured.PacketsPerSecond:G6} packets a second, and it was {rate:G6}: {bench.Taken} packets from "
                + $"the start of the first poll to the end of the last one, {(end - start) / 1e3:F0} us.", line);
    }

    private static ForwardBench Load(Trial trial, int count, long gap, bool checkLoss = true, int pause = 100)
    {
        var bench = new ForwardBench(trial);
        byte[][] frames = Drive(trial, bench, count, gap, pause);
        // Under such a load frames may be lost, but not changed.
        bench.Check(frames, 0, mayLose: true);
        int least = trial.IsPerverse ? LeastOfPerverse : checkLoss ? count / 4 : 500;
        if (bench.Out.Sent.Count < least)
            throw trial.Failed($"Of {count} frames only {bench.Out.Sent.Count} came out.", bench.PollLine);
        return bench;
    }

    // The loop of a forwarder, which takes time by itself.
    private static byte[][] Drive(Trial trial, ForwardBench bench, int count, long gap, int pause = 100)
    {
        byte[][] frames = bench.Next(count, longest: Frames.Shortest);
        for (int i = 0; i < count; i++) bench.In.Add(trial.Now + 1000 + i * gap, frames[i]);
        int idle = 0;
        long limit = trial.Now + count * gap * 4 + 5_000_000;
        while (idle < 300 && trial.Now < limit)
        {
            idle = bench.Poll() > 0 || bench.In.Arrived < count ? 0 : idle + 1;
            trial.Advance(TimeSpan.FromTicks(pause / 100));
        }
        return frames;
    }

    // How many descriptors of the transmit ring have RS; those that the card has written back keep it.
    private static unsafe int Reports(Trial trial, ForwardBench bench, out int ring)
    {
        const uint TDBAL = 0x06000, TDBAH = 0x06004, TDLEN = 0x06008;
        ulong address = trial.Peek(bench.Right, TDBAL) | (ulong)trial.Peek(bench.Right, TDBAH) << 32;
        ring = (int)trial.Peek(bench.Right, TDLEN) / 16;
        int reports = 0;
        for (int i = 0; i < ring; i++)
        {
            if ((((ulong*)address)[2 * i + 1] & 1ul << 27) != 0) reports++;
        }
        return reports;
    }
}
