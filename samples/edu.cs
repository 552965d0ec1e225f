#:project ../src/Ixy.Vfio
#:property AllowUnsafeBlocks=true
using Ixy.Vfio;
using Ixy.Vfio.Dma;

// Drives edu, QEMU's device for exercises (docs/specs/edu of QEMU), on Ixy.Vfio alone. Give it to a guest with
//   -device intel-iommu,intremap=on -device edu,dma_mask=0xffffffffff
// and bind it to vfio-pci. Without dma_mask it reaches only 256 MiB, but memory for DMA is at 128 GiB.
if (args is not [string name] || !PciAddress.TryParse(name, out var address))
{
    Console.Error.WriteLine("usage: edu.cs ADDRESS");
    return 2;
}
try
{
    using var function = KernelPciDevice.Open(address);
    using var edu = new Edu(function);
    Console.WriteLine($"edu {edu.Begin()} is alive; 12! = {edu.Factorial(12)}");
    byte[] there = [.. Enumerable.Range(0, 4000).Select(i => (byte)(7 * i + 3))], back = new byte[4000];
    edu.Write(there);
    edu.Read(back);
    if (!back.SequenceEqual(there)) throw new PciDeviceException("other bytes came back");
    Console.WriteLine("4000 bytes went there and came back");
    return 0;
}
catch (Exception error) when (error is PciDeviceException or TimeoutException)
{
    Console.Error.WriteLine(error.Message);
    return 1;
}

internal sealed unsafe class Edu(PciDevice function) : IDisposable
{
    private const uint Identity = 0x00, Liveness = 0x04, Number = 0x08, Status = 0x20, Causes = 0x24, Clear = 0x64;
    private const uint Dma = 0x80; // source, destination, length and command, 64 bits each
    private const uint InterruptWhenComputed = 0x80, Start = 1, FromDevice = 2, InterruptWhenCopied = 4;
    private const uint Computed = 0x1, Copied = 0x100; // what an interrupt is for
    private const ulong OwnMemory = 0x40000;
    private readonly PciBar _registers = function.OpenBar(0);
    private readonly InterruptWaiter _waiter = new(function.EnableInterrupts(InterruptKind.Msi)[0]);
    private readonly DmaMemory _memory = DmaMemory.Allocate(4096);

    public Version Begin()
    {
        function.EnableBars();
        uint identity = _registers.Read32(Identity);
        if ((identity & 0xFFFF) != 0xED)
            throw new PciDeviceException($"{function.Name} says 0x{identity:x}, not 0x…ed");
        _registers.Write32(Liveness, 0x1234_5678);
        if (_registers.Read32(Liveness) != ~0x1234_5678u) throw new PciDeviceException($"{function.Name} is dead");
        DmaArena.Attach(function);
        function.EnableBusMaster(); // only now that it is known to be an edu
        return new((int)(identity >> 24), (int)(identity >> 16 & 0xFF));
    }

    public uint Factorial(uint number)
    {
        _registers.Write32(Status, InterruptWhenComputed);
        _registers.Write32(Number, number);
        WaitFor(Computed);
        _registers.Write32(Status, 0);
        return _registers.Read32(Number);
    }

    // Not all 4,096 bytes at once: QEMU may exit then.
    public void Write(ReadOnlySpan<byte> data)
    {
        data.CopyTo(new Span<byte>((void*)_memory.Address, 4095));
        Copy(_memory.DeviceAddress(function), OwnMemory, data.Length, Start | InterruptWhenCopied);
    }

    public void Read(Span<byte> data)
    {
        Copy(OwnMemory, _memory.DeviceAddress(function), data.Length, Start | InterruptWhenCopied | FromDevice);
        new ReadOnlySpan<byte>((void*)_memory.Address, 4095)[..data.Length].CopyTo(data);
    }

    private void Copy(ulong source, ulong destination, int length, uint command)
    {
        if (!_registers.TryGetPointer(Dma, 8, out void* pointer)) throw new PciDeviceException("no BAR to map");
        ulong[] values = [source, destination, (ulong)length, command];
        for (int i = 0; i < values.Length; i++) Volatile.Write(ref ((ulong*)pointer)[i], values[i]);
        WaitFor(Copied);
    }

    private void WaitFor(uint cause)
    {
        if (_waiter.Wait(new InterruptVector[1], new(0, 0, 5)) == 0 || (_registers.Read32(Causes) & cause) == 0)
            throw new TimeoutException($"{function.Name} has not raised interrupt 0x{cause:x} within 5 s");
        _registers.Write32(Clear, cause);
    }

    public void Dispose()
    {
        function.DisableBusMaster();
        _memory.Dispose();
        _waiter.Dispose();
    }
}
