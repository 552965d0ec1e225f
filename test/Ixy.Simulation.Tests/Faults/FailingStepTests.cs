using Ixy.Vfio;
using Ixy.Virtio;
using static Ixy.Ixgbe.IxgbeRegisters;

namespace Ixy.Simulation.Tests.Faults;

/// <summary>
/// Each step of opening, restarting and closing a card fails once: each access to registers and configuration space,
/// each BAR opened, the connection of interrupts, each allocation of memory. Whichever it is, in the end the process
/// has what it had before, and the card is idle.
/// </summary>
[Collection(nameof(Alone))]
public sealed class FailingStepTests
{
    private const uint BusMaster = 1 << 2;

    private static readonly NetworkDeviceOptions s_plain = FaultBench.Options with { RingSize = 64, PoolSize = 256 };

    /// <summary>When the step fails.</summary>
    public enum Stage
    {
        /// <summary>While the device is opened.</summary>
        Open,

        /// <summary>While it is restarted.</summary>
        Restart,

        /// <summary>While it is disposed.</summary>
        Close,
    }

    public static TheoryData<string, string, Stage> Stages
    {
        get
        {
            var data = new TheoryData<string, string, Stage>();
            foreach (string card in new[] { "ixgbe", "virtio,queues=2", "virtio,queues=2,packed=on", "virtio-legacy" })
            {
                string[] kinds = card is "virtio-legacy" ? ["plain", "merging"]
                    : card is "ixgbe" ? ["plain", "all"] : ["plain", "all", "merging"];
                foreach (string kind in kinds)
                {
                    foreach (var stage in Enum.GetValues<Stage>()) data.Add(card, kind, stage);
                }
            }
            // The others differ only in the PHY.
            foreach (string model in new[] { "x540", "x550" }) data.Add($"ixgbe,model={model}", "all", Stage.Open);
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Stages))]
    public void WhicheverStepFailsNothingIsLeft(string card, string kind, Stage stage)
    {
        var steps = new List<uint?>();
        Assert.False(new Attempt(card, kind, stage, int.MaxValue) { Steps = steps }.Fails());
        Assert.InRange(steps.Count, 5, 20_000);
        int[] different = [.. Enumerable.Range(0, steps.Count)
            .Where(step => !GoesOn(steps, step, 1) && !GoesOn(steps, step, 4))];
        foreach (var (i, step) in different.Index())
        {
            Assert.True(new Attempt(card, kind, stage, step).Fails(), $"step {step} did not come");
            if (i % 4 == 0)
                Assert.True(new Attempt(card, kind, stage, step) { Stays = true }.Fails(), $"step {step} did not come");
        }
    }

    // For registers in sequence, four in rotation, or one polled repeatedly, the first and the last access are enough:
    // nothing is allocated between them.
    private static bool GoesOn(List<uint?> steps, int step, int period) =>
        step >= period && step + period < steps.Count && steps[step] - steps[step - period] is { } stride
        && steps[step + period] - steps[step] == stride;

    private sealed class StepException() : PciDeviceException("this step fails");

    private sealed class Attempt(string card, string kind, Stage stage, int step)
    {
        private Stage? _now;
        private int _count;
        private bool _hasFailed, _wasReachable;

        /// <summary>
        /// Receives the register offset of each step of the stage, or null if it is not a register access.
        /// </summary>
        internal List<uint?>? Steps { get; init; }

        /// <summary>From then on every register access fails; configuration space still answers.</summary>
        internal bool Stays { get; init; }

        /// <summary>Runs the attempt; returns whether the step was reached.</summary>
        internal bool Fails()
        {
            var before = Resources.Now;
            using (var inner = new VirtualWorld(1).OpenCard($"sim:{card},wire=loopback"))
            {
                var function = new InterposedDevice(inner)
                {
                    OwnsCard = false,
                    HasInterrupts = true,
                    Time = inner.Clock,
                    Step = Take,
                    Unmapping = () => _wasReachable |= IsBusMaster(inner) && IsAtWork(inner),
                };
                RunOn(function);
                Assert.False(IsBusMaster(inner), $"{Place}: bus mastering is on");
                Assert.False(_wasReachable, $"{Place}: memory went while the card was at work");
                inner.EnableBars();
                if (!Stays && stage != Stage.Close) Assert.False(IsAtWork(inner), $"{Place}: the card is at work");
            }
            var after = Resources.Now;
            Assert.True(before == after, $"{Place}: {before} became {after}");
            return _hasFailed;
        }

        private string Place => $"step {step} of {stage}{(Stays ? ", and all after it" : "")}";

        private void RunOn(InterposedDevice function)
        {
            try
            {
                _now = Stage.Open;
                using var device = NetworkDevice.Open(function, OptionsOf(kind));
                _now = Stage.Restart;
                device.Restart();
                _now = Stage.Close;
            }
            catch (StepException) when (_hasFailed)
            {
                // The caller gets the error.
            }
        }

        private void Take(uint? register)
        {
            if (_hasFailed && Stays && register is not null) throw new StepException();
            if (_now != stage) return;
            Steps?.Add(register);
            if (_count++ != step) return;
            _hasFailed = true;
            throw new StepException();
        }

        private static bool IsBusMaster(PciDevice card) => (card.ReadConfig(PciConfig.Command, 2) & BusMaster) != 0;

        // The device_status of our cards (virtio 1.2, 4.1.4.3 and 4.1.4.10).
        private uint StatusOf(PciDevice device) => card.StartsWith("virtio-legacy", StringComparison.Ordinal)
            ? device.OpenBar(0).Read8(0x12) : device.OpenBar(4).Read8(0x14);

        // Whether a queue is enabled.
        private bool IsAtWork(PciDevice device)
        {
            if (card.StartsWith("virtio", StringComparison.Ordinal))
                return (StatusOf(device) & VirtioRegisters.Status_.DriverOk) != 0;
            var bar = device.OpenBar(0);
            return Enumerable.Range(0, 4).Any(queue => (bar.Read32(RXDCTL[queue]) & RXDCTL_.Enable) != 0
                || (bar.Read32(TXDCTL[queue]) & TXDCTL_.Enable) != 0);
        }
    }

    private static NetworkDeviceOptions OptionsOf(string kind) => kind switch
    {
        "plain" => s_plain,
        // Frames of several buffers need a pool of their own.
        "merging" => s_plain with { BufferSize = 1024, MaxFrameSize = 9018 },
        _ => s_plain with
        {
            ReceiveQueues = 2,
            TransmitQueues = 2,
            Interrupts = true,
            Offloads = Offloads.ReceiveChecksum | Offloads.VlanStrip,
        },
    };
}
