using System.Runtime.InteropServices;
using Ixy.Addresses;
using Ixy.Ixgbe;
using Ixy.Simulation;
using Ixy.Vfio;
using Ixy.Virtio;

namespace Ixy.Tests;

/// <summary>What queues have beside DMA memory goes back, too, where they cannot be made.</summary>
public sealed partial class NativeMemoryTests(Xunit.Abstractions.ITestOutputHelper log)
{
    private static readonly NetworkDeviceOptions s_small = DriverBench.Defaults with { RingSize = 64, PoolSize = 256 };

    [SkippableFact]
    public void OfAReceiveQueueWhoseRingCannotBeHad() => AssertLeavesNothing("ixgbe", int.MaxValue, steps: 5, device =>
        _ = new IxgbeReceiveQueue<VirtualAddresses, NoOffloads>(device, device.OpenBar(0), 0, s_small));

    [SkippableFact]
    public void OfARingThatTheCardIsNotToldOf() => AssertLeavesNothing("ixgbe", int.MaxValue, steps: 4, device =>
        _ = new IxgbeTransmitQueue<VirtualAddresses>(device, device.OpenBar(0), 0, s_small));

    [SkippableFact]
    public void OfAReceiveQueueWithoutItsMergedFrames() => AssertLeavesNothing("virtio", mappings: 1, null, device =>
    {
        var merging = s_small with { BufferSize = 1024, MaxFrameSize = 9018 };
        using var ring = new SplitRing(device, default, index: 0, size: 64, eventIndex: false);
        DmaArena.Attach(device);
        _ = new SplitReceiveQueue<VirtualAddresses>(
            device, ring, new(merging, VirtioFeatures.MergeableBuffers | VirtioFeatures.Version1, 9018));
    });

    // A step of the device fails, or a mapping of its memory. What the runtime takes beside that, above all for methods
    // that it compiles anew, comes in some rounds, by megabytes; what is left by each attempt comes in all of them.
    private void AssertLeavesNothing(string card, int mappings, int? steps, Action<PciDevice> make)
    {
        // The smallest piece has 512 bytes.
        const int Times = 500, Rounds = 20, LeastPiece = 512;
        Skip.IfNot(NativeLibrary.TryGetExport(NativeLibrary.Load("libc.so.6"), "mallinfo2", out _), "no glibc 2.33");
        using var inner = new VirtualWorld(1).OpenCard($"sim:{card},wire=loopback");
        inner.EnableBusMaster();
        long growth = long.MaxValue;
        for (int i = 0; i < Rounds && Math.Abs(growth) > Times * LeastPiece / 8; i++)
        {
            nuint before = ReadMallocUse().InUse;
            for (int j = 0; j < Times; j++) MakeOnce();
            growth = (long)(ReadMallocUse().InUse - before);
            log.WriteLine($"round {i}: {growth} bytes more");
        }
        Assert.InRange(growth, -Times * LeastPiece / 8, Times * LeastPiece / 8);

        void MakeOnce()
        {
            int left = steps ?? int.MaxValue;
            using var device = new InterposedDevice(inner)
            {
                OwnsCard = false,
                MostMappings = mappings,
                Step = _ =>
                {
                    if (left-- == 0) throw new PciDeviceException("this step fails");
                },
            };
            Assert.ThrowsAny<PciDeviceException>(() => make(device));
        }
    }

    [LibraryImport("libc.so.6", EntryPoint = "mallinfo2")]
    private static partial MallocUse ReadMallocUse();

    // mallinfo(3)
    private readonly record struct MallocUse(
        nuint Arena, nuint Free, nuint Fast, nuint Mappings, nuint Mapped, nuint Unused, nuint FastBytes, nuint InUse,
        nuint FreeBytes, nuint Releasable);
}
