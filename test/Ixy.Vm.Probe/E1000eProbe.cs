using Ixy.Vfio;

namespace Ixy.Vm.Probe;

/// <summary>Intel's 82574L (8086:10d3) as emulated by QEMU: MSI-X interrupts and I/O ports.</summary>
internal static class E1000eProbe
{
    // 82574 datasheet, section 10.2.4: software can set causes; each is mapped to a vector by three bits and a valid
    // bit.
    private const uint CauseRead = 0xC0, CauseSet = 0xC8, MaskSet = 0xD0, MaskClear = 0xD8, VectorAllocation = 0xE4;
    private const uint ReceiveQueue0 = 1 << 20, TransmitQueue0 = 1 << 22;
    private const uint Valid = 8;

    internal static void Run(PciAddress address)
    {
        using var device = new VfioPciDevice(address);
        Fact.Print("device", $"{device.VendorId:x4}:{device.DeviceId:x4}");
        var bar = device.OpenBar(0);
        Fact.Print("msix-vectors", (uint)device.CountInterruptVectors(InterruptKind.Msix));
        device.EnableBusMaster();
        using (var vectors = device.EnableInterrupts(InterruptKind.Msix, 3)) Interrupt(bar, vectors);
        Ports(device);
        // In this order: disposing the function releases its vectors, and disposing them again must be harmless.
        using var left = device.EnableInterrupts(InterruptKind.Msix, 5);
        device.Dispose();
    }

    private static void Interrupt(PciBar bar, InterruptVectors vectors)
    {
        using var waiter = new InterruptWaiter(vectors[0], vectors[1], vectors[2]);
        // QEMU 7.2 resets nothing on this card when the kernel asks for it, so leftovers of the last run must be
        // cleared.
        bar.Write32(MaskClear, uint.MaxValue);
        bar.Write32(CauseRead, uint.MaxValue);
        // Receive queue 0 fires vector 1, transmit queue 0 vector 2.
        bar.Write32(VectorAllocation, (Valid | 1) | (Valid | 2) << 8);
        bar.Write32(MaskSet, ReceiveQueue0 | TransmitQueue0);
        Fact.Print("msix-quiet", Interrupts.WaitFor(waiter, 200));
        Raise(bar, ReceiveQueue0);
        Fact.Print("msix-receive", Interrupts.WaitFor(waiter));
        Raise(bar, TransmitQueue0);
        Fact.Print("msix-transmit", Interrupts.WaitFor(waiter));
        vectors[1].Mask();
        Raise(bar, ReceiveQueue0);
        Fact.Print("msix-masked", Interrupts.WaitFor(waiter, 200));
        Raise(bar, TransmitQueue0);
        Fact.Print("msix-other-not-masked", Interrupts.WaitFor(waiter));
        vectors[1].Unmask();
        Fact.Print("msix-unmasked", Interrupts.WaitFor(waiter));
        bar.Write32(MaskClear, ReceiveQueue0 | TransmitQueue0);
        LetTimersRunOut();
    }

    // The card spaces a vector's interrupts by 128 µs or more (10.2.4.8), and QEMU 7.2 exits if its timer for that
    // finds MSI-X disabled.
    private static void LetTimersRunOut() => Thread.Sleep(100);

    private static void Raise(PciBar bar, uint cause)
    {
        LetTimersRunOut();
        bar.Write32(CauseRead, cause); // clears an older one
        bar.Write32(CauseSet, cause);
    }

    // BAR 2 consists of I/O ports (section 10.2.1.1): address and data of any register.
    private static void Ports(VfioPciDevice device)
    {
        const uint Address = 0, Data = 4;
        var ports = device.OpenBar(2);
        ports.Write32(Address, VectorAllocation);
        Fact.Print("ports", ports.Read32(Data));
    }
}
