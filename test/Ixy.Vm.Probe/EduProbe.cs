using Ixy.Vfio;
using Ixy.Vfio.Dma;

namespace Ixy.Vm.Probe;

/// <summary>QEMU's educational device 1234:11e8, with the registers of its specification (docs/specs/edu).</summary>
internal static unsafe class EduProbe
{
    private const uint Id = 0x00, Liveness = 0x04, Factorial = 0x08, Status = 0x20, InterruptStatus = 0x24;
    private const uint RaiseInterrupt = 0x60, AcknowledgeInterrupt = 0x64;
    private const uint DmaSource = 0x80, DmaDestination = 0x88, DmaCount = 0x90, DmaCommand = 0x98;
    private const ulong OwnBuffer = 0x40000;
    private const uint Start = 1, FromDevice = 2, InterruptWhenDone = 4;

    internal static void Run(PciAddress address)
    {
        using var device = new VfioPciDevice(address);
        Fact.Print("device", $"{device.VendorId:x4}:{device.DeviceId:x4}");
        var bar = device.OpenBar(0);
        Registers(bar);
        device.EnableBusMaster();
        DmaArena.Attach(device);
        using var memory = DmaMemory.Allocate(8192);
        Transfer(device, bar, memory);
        Message(device, bar);
        Line(device, bar);
        Reset(device);
    }

    /// <summary>Makes the device write to an address where no memory is mapped for it.</summary>
    internal static void StrayDma(PciAddress address)
    {
        using var device = new VfioPciDevice(address);
        device.EnableBusMaster();
        DmaArena.Attach(device);
        using var memory = DmaMemory.Allocate(4096);
        var bar = device.OpenBar(0);
        const ulong Nowhere = 0x1234_5000;
        CopyByDevice(bar, OwnBuffer, Nowhere, 64, FromDevice);
        Fact.Print("survived", true);
        // Mapped memory still works.
        Transfer(device, bar, memory);
    }

    private static void Registers(PciBar bar)
    {
        Fact.Print("id", bar.Read32(Id));
        bar.Write32(Liveness, 0x1234_5678);
        Fact.Print("liveness", bar.Read32(Liveness));
        // The previous driver may have requested an interrupt for each result.
        bar.Write32(Status, 0);
        bar.Write32(Factorial, 10);
        while ((bar.Read32(Status) & 1) != 0) Thread.Yield();
        Fact.Print("factorial", bar.Read32(Factorial));
    }

    private static void Transfer(VfioPciDevice device, PciBar bar, DmaMemory memory)
    {
        const int Length = 4000;
        var source = new Span<byte>((void*)memory.Address, Length);
        var target = new Span<byte>((void*)(memory.Address + 4096), 4096);
        if (memory.Length < 8192) target = source;
        for (int i = 0; i < Length; i++) source[i] = (byte)(i * 7 + 3);
        byte[] expected = source.ToArray();
        ulong deviceAddress = memory.DeviceAddress(device);
        CopyByDevice(bar, deviceAddress, OwnBuffer, Length, 0);
        if (memory.Length < 8192) source.Clear();
        CopyByDevice(bar, OwnBuffer, memory.Length < 8192 ? deviceAddress : deviceAddress + 4096, Length, FromDevice);
        Fact.Print("dma", target[..Length].SequenceEqual(expected));
    }

    private static void CopyByDevice(PciBar bar, ulong source, ulong destination, ulong length, uint direction)
    {
        Write64(bar, DmaSource, source);
        Write64(bar, DmaDestination, destination);
        Write64(bar, DmaCount, length);
        Write64(bar, DmaCommand, Start | direction);
        while ((bar.Read32(DmaCommand) & Start) != 0) Thread.Sleep(10);
    }

    private static void Message(VfioPciDevice device, PciBar bar)
    {
        Fact.Print("msi-vectors", (uint)device.CountInterruptVectors(InterruptKind.Msi));
        using var vectors = device.EnableInterrupts(InterruptKind.Msi);
        using var waiter = new InterruptWaiter(vectors[0]);
        Fact.Print("msi-quiet", Interrupts.WaitFor(waiter, 200));
        bar.Write32(RaiseInterrupt, 0x10);
        Fact.Print("msi-raised", Interrupts.WaitFor(waiter));
        Fact.Print("msi-cause", bar.Read32(InterruptStatus));
        bar.Write32(AcknowledgeInterrupt, 0x10);
        Fact.Print("msi-again", Interrupts.WaitFor(waiter, 200));
        Write64(bar, DmaSource, OwnBuffer);
        Fact.Print("msi-mask", MaskError(vectors[0]));
    }

    private static string MaskError(InterruptVector vector)
    {
        try
        {
            vector.Mask();
            return "masked";
        }
        catch (InterruptsNotSupportedException error)
        {
            return error.Message;
        }
    }

    // The line stays asserted until the cause is acknowledged; the kernel masks it meanwhile.
    private static void Line(VfioPciDevice device, PciBar bar)
    {
        using var vectors = device.EnableInterrupts(InterruptKind.Intx);
        using var waiter = new InterruptWaiter(vectors[0]);
        bar.Write32(RaiseInterrupt, 1);
        Fact.Print("intx-raised", Interrupts.WaitFor(waiter));
        Fact.Print("intx-masked", Interrupts.WaitFor(waiter, 200));
        vectors[0].Unmask();
        Fact.Print("intx-still-asserted", Interrupts.WaitFor(waiter));
        bar.Write32(AcknowledgeInterrupt, 1);
        vectors[0].Unmask();
        Fact.Print("intx-acknowledged", Interrupts.WaitFor(waiter, 200));
        vectors[0].Mask();
        bar.Write32(RaiseInterrupt, 2);
        Fact.Print("intx-held-back", Interrupts.WaitFor(waiter, 200));
        vectors[0].Unmask();
        Fact.Print("intx-let-through", Interrupts.WaitFor(waiter));
        bar.Write32(AcknowledgeInterrupt, 2);
    }

    private static void Reset(VfioPciDevice device)
    {
        try
        {
            device.Reset();
            Fact.Print("reset", "done");
        }
        catch (PciDeviceException error)
        {
            Fact.Print("reset", error.Message);
        }
    }

    // The device accepts 64-bit values only in one access.
    private static void Write64(PciBar bar, uint offset, ulong value)
    {
        if (!bar.TryGetPointer(offset, sizeof(ulong), out void* pointer))
            throw new PciDeviceException($"no pointer to 0x{offset:x}");
        Volatile.Write(ref *(ulong*)pointer, value);
    }
}
