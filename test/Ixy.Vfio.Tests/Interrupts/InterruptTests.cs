using System.Diagnostics;
using Ixy.Simulation;
using Ixy.Vfio.Interop;
using Ixy.Vfio.Interrupts;

namespace Ixy.Vfio.Tests.Interrupts;

/// <summary>Interrupt vectors and waiting for them, with the test acting as the card.</summary>
public sealed unsafe class InterruptTests
{
    private readonly InterruptVector[] _fired = new InterruptVector[8];

    [Fact]
    public void AVectorThatFiresIsReturnedOnce()
    {
        using var device = new FiringDevice();
        using var vectors = device.EnableInterrupts(InterruptKind.Msix, 3);
        using var waiter = new InterruptWaiter(vectors[0], vectors[1], vectors[2]);
        device.Fire(2);
        device.Fire(2);
        device.Fire(0);
        Assert.Equal([0, 2], Wait(waiter, 1000));
        Assert.Empty(Wait(waiter, 0));
    }

    [Fact]
    public void ATimeoutIsATimeout()
    {
        using var device = new FiringDevice();
        using var vectors = device.EnableInterrupts(InterruptKind.Msix, 1);
        using var waiter = new InterruptWaiter(vectors[0]);
        long start = Stopwatch.GetTimestamp();
        Assert.Equal(0, waiter.Wait(_fired, TimeSpan.FromMilliseconds(50)));
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalMilliseconds, 49, 10_000);
    }

    [Fact]
    public void WhatHasNoRoomComesWithTheNextCall()
    {
        using var device = new FiringDevice();
        using var vectors = device.EnableInterrupts(InterruptKind.Msix, 3);
        using var waiter = new InterruptWaiter(vectors[0], vectors[1], vectors[2]);
        for (int vector = 0; vector < 3; vector++) device.Fire(vector);
        var one = new InterruptVector[1];
        var all = Enumerable.Range(0, 3).Select(_ => waiter.Wait(one, TimeSpan.Zero) == 1 ? one[0].Index : -1).Order();
        Assert.Equal([0, 1, 2], all);
        Assert.Equal(0, waiter.Wait(one, TimeSpan.Zero));
    }

    [Fact]
    public void VectorsOfSeveralFunctionsAreWaitedForTogether()
    {
        using var left = new FiringDevice();
        using var right = new FiringDevice();
        using var leftVectors = left.EnableInterrupts(InterruptKind.Msi);
        using var rightVectors = right.EnableInterrupts(InterruptKind.Msix);
        using var waiter = new InterruptWaiter(leftVectors[0], rightVectors[0]);
        right.Fire(0);
        Assert.Equal(1, waiter.Wait(_fired, TimeSpan.FromSeconds(1)));
        Assert.Same(rightVectors[0], _fired[0]);
    }

    [Fact]
    public void AWaiterIsWokenFromAnotherThread()
    {
        using var device = new FiringDevice();
        using var vectors = device.EnableInterrupts(InterruptKind.Msix, 1);
        using var waiter = new InterruptWaiter(vectors[0]);
        var thread = new Thread(() =>
        {
            Thread.Sleep(50);
            device.Fire(0);
        });
        thread.Start();
        Assert.Equal(1, waiter.Wait(_fired, Timeout.InfiniteTimeSpan));
        thread.Join();
    }

    [Fact]
    public void CountsAreTaken()
    {
        using var device = new FiringDevice();
        using var vectors = device.EnableInterrupts(InterruptKind.Msi);
        for (int i = 0; i < 5; i++) device.Fire(0);
        Assert.Equal((5, 0), (vectors[0].TakeCount(), vectors[0].TakeCount()));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(9)]
    public void MoreVectorsThanThereAreAreRefused(int count)
    {
        using var device = new FiringDevice();
        Assert.Contains(
            "expected 1 to 8",
            Assert.Throws<InterruptsNotSupportedException>(() => device.EnableInterrupts(InterruptKind.Msix, count))
            .Message);
    }

    [Fact]
    public void OneKindAtATime()
    {
        using var device = new FiringDevice();
        using (device.EnableInterrupts(InterruptKind.Msix, 2))
            Assert.Throws<InvalidOperationException>(() => device.EnableInterrupts(InterruptKind.Msi));
        using var next = device.EnableInterrupts(InterruptKind.Msi);
        Assert.Equal(["connect Msix 2", "disconnect Msix", "connect Msi 1"], device.Steps);
    }

    [Fact]
    public void TheLineIsMaskedByTheTransport()
    {
        using var device = new FiringDevice();
        using var vectors = device.EnableInterrupts(InterruptKind.Intx);
        vectors[0].Mask();
        vectors[0].Unmask();
        Assert.Equal(["connect Intx 1", "mask True", "mask False"], device.Steps);
    }

    [Fact]
    public void DisposeInAnyOrderClosesEveryDescriptor()
    {
        var device = new FiringDevice();
        var vectors = device.EnableInterrupts(InterruptKind.Msix, 4);
        var waiter = new InterruptWaiter(vectors[0], vectors[3]);
        int[] descriptors = [.. Enumerable.Range(0, 4).Select(vector => vectors[vector].EventDescriptor)];
        Assert.All(descriptors, descriptor => Assert.True(IsEvent(descriptor)));
        device.Dispose();
        Assert.Equal(["connect Msix 4", "disconnect Msix"], device.Steps);
        Assert.All(descriptors, descriptor => Assert.False(IsEvent(descriptor)));
        Assert.Throws<ObjectDisposedException>(() => vectors[0].TakeCount());
        Assert.Throws<ObjectDisposedException>(() => vectors[0].Mask());
        // Disposed vectors do not fire.
        Assert.Equal(0, waiter.Wait(_fired, TimeSpan.Zero));
        vectors.Dispose();
        waiter.Dispose();
        waiter.Dispose();
        Assert.Throws<ObjectDisposedException>(() => waiter.Wait(_fired, TimeSpan.Zero));
        Assert.Equal(-1, vectors[0].EventDescriptor);
    }

    [Fact]
    public void AFailureToConnectLeavesNoVectors()
    {
        using var device = new FiringDevice { Refuses = true };
        Assert.Throws<PciDeviceException>(() => device.EnableInterrupts(InterruptKind.Msix, 2));
        Assert.All(device.Descriptors, descriptor => Assert.False(IsEvent(descriptor)));
        device.Refuses = false;
        using var vectors = device.EnableInterrupts(InterruptKind.Msix, 2);
        Assert.Equal(2, vectors.Count);
    }

    [Fact]
    public void WaitingAllocatesNothing()
    {
        using var device = new FiringDevice();
        using var vectors = device.EnableInterrupts(InterruptKind.Msix, 2);
        using var waiter = new InterruptWaiter(vectors[0], vectors[1]);
        Allocations.None(() =>
        {
            device.Fire(1);
            waiter.Wait(_fired, TimeSpan.FromSeconds(1));
        }, 1000);
    }

    [Fact] // The simulated 82599 has a vector table as PCI defines it, with mask bits.
    public void TheMaskBitOfAnMsixVectorIsInItsTable()
    {
        using var device = SimulatedCards.Open("sim:ixgbe");
        device.EnableBusMaster();
        int capability = device.FindCapabilities(0x11).Single();
        uint table = device.ReadConfig(capability + 4, 4);
        var bar = device.OpenBar((int)(table & 7));
        uint control = (table & ~7u) + 5 * 16 + 12;
        MessageMask.SetMsix(device, 5, masked: true);
        Assert.Equal(1u, bar.Read32(control) & 1);
        MessageMask.SetMsix(device, 5, masked: false);
        Assert.Equal(0u, bar.Read32(control) & 1);
    }

    [Fact]
    public void ASimulatedCardIsResetAndKeepsItsCommandRegister()
    {
        using var device = SimulatedCards.Open("sim:ixgbe");
        device.EnableBusMaster();
        var bar = device.OpenBar(0);
        bar.Write32(Ixy.Ixgbe.IxgbeRegisters.FCTRL, 0x100);
        device.Reset();
        Assert.NotEqual(0x100u, bar.Read32(Ixy.Ixgbe.IxgbeRegisters.FCTRL));
        Assert.Equal(7u, device.ReadConfig(PciConfig.Command, 2) & 7);
    }

    private static bool IsEvent(int descriptor) =>
        new FileInfo($"/proc/self/fd/{descriptor}").LinkTarget?.Contains("eventfd", StringComparison.Ordinal) == true;

    private int[] Wait(InterruptWaiter waiter, int milliseconds)
    {
        int count = waiter.Wait(_fired, TimeSpan.FromMilliseconds(milliseconds));
        return [.. _fired.Take(count).Select(vector => vector.Index).Order()];
    }

    private sealed class FiringDevice : PciDevice
    {
        internal List<string> Steps { get; } = [];

        internal int[] Descriptors { get; private set; } = [];

        internal bool Refuses { get; set; }

        public override string Name => "firing";

        internal void Fire(int vector)
        {
            ulong one = 1;
            if (Libc.write(Descriptors[vector], &one, sizeof(ulong)) != sizeof(ulong))
                throw new PciDeviceException(Libc.LastError());
        }

        public override uint ReadConfig(int offset, int size) => 0;

        public override void WriteConfig(int offset, uint value, int size)
        {
            // Switches bus mastering on or off; there is nothing to do.
        }

        public override PciBar OpenBar(int index) => throw new PciDeviceException("no BAR");

        public override int CountInterruptVectors(InterruptKind kind) => kind == InterruptKind.Msix ? 8 : 1;

        protected internal override void ConnectInterrupts(InterruptKind kind, ReadOnlySpan<int> eventDescriptors)
        {
            Descriptors = eventDescriptors.ToArray();
            if (Refuses) throw new PciDeviceException("refused");
            Steps.Add($"connect {kind} {eventDescriptors.Length}");
        }

        protected internal override void DisconnectInterrupts(InterruptKind kind) => Steps.Add($"disconnect {kind}");

        protected internal override void MaskInterruptLine(bool masked) => Steps.Add($"mask {masked}");

        protected internal override void MapDma(DmaChunk chunk)
        {
            // No memory is used.
        }

        protected internal override void UnmapDma(DmaChunk chunk)
        {
            // As above.
        }

        protected override void Close()
        {
            // There is nothing to release.
        }
    }
}
