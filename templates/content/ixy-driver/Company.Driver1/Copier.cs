using Ixy.Vfio;
using Ixy.Vfio.Dma;

namespace Company_Driver1;

/// <summary>
/// Drives a card that copies up to 4 KiB from one place in memory to another. For one thread at a time.
/// </summary>
public sealed unsafe class Copier : IDisposable
{
    /// <summary>The longest copy in bytes.</summary>
    public const int Longest = 4096;

    // Registers in BAR 0. Addresses have 64 bits, in two registers each.
    private const uint Identity = 0x00, Source = 0x10, Destination = 0x18, Length = 0x20, Start = 0x24;
    private const uint ExpectedIdentity = 0xC0_0001;

    private readonly PciDevice _function;
    private readonly PciBar _registers;
    private readonly DmaMemory? _memory;
    private readonly InterruptVectors? _vectors;
    private readonly InterruptWaiter? _done;
    private bool _isDisposed;

    /// <summary>Starts using a card.</summary>
    /// <param name="function">The card; owned from now on.</param>
    /// <exception cref="PciDeviceException">It is a different card, or cannot be used.</exception>
    public Copier(PciDevice function)
    {
        _function = function;
        try
        {
            function.EnableBars();
            _registers = function.OpenBar(0);
            uint identity = _registers.Read32(Identity);
            if (identity != ExpectedIdentity)
                throw new PciDeviceException(
                    $"{function.Name} says 0x{identity:x}: expected 0x{ExpectedIdentity:x}; is it another card?");
            // Memory is mapped for the card before it may reach any.
            DmaArena.Attach(function);
            _memory = DmaMemory.Allocate(2 * Longest);
            function.EnableBusMaster();
            _vectors = function.EnableInterrupts(InterruptKind.Msix);
            _done = new InterruptWaiter(_vectors[0]);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Lets the card copy bytes.</summary>
    /// <param name="from">The source: at most <see cref="Longest"/> bytes.</param>
    /// <param name="to">The destination, of the same length.</param>
    /// <exception cref="ArgumentException">The lengths differ, or are too long.</exception>
    /// <exception cref="TimeoutException">The card does not finish within a second; it is then disposed.</exception>
    /// <exception cref="ObjectDisposedException">The card was disposed.</exception>
    public void Copy(ReadOnlySpan<byte> from, Span<byte> to)
    {
        if (from.Length != to.Length || from.Length > Longest)
            throw new ArgumentException(
                $"{from.Length} bytes cannot be copied to {to.Length}: expected the same number, at most {Longest}");
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        byte* source = (byte*)_memory!.Address, destination = source + Longest;
        from.CopyTo(new Span<byte>(source, Longest));
        ulong address = _memory.DeviceAddress(_function);
        WriteAddress(Source, address);
        WriteAddress(Destination, address + Longest);
        _registers.Write32(Length, (uint)from.Length);
        _registers.Write32(Start, 1);
        Span<InterruptVector> fired = [_vectors![0]];
        if (_done!.Wait(fired, TimeSpan.FromSeconds(1)) == 0)
        {
            // A late interrupt would be mistaken for that of the next copy.
            Dispose();
            throw new TimeoutException(
                $"{_function.Name} has not finished copying within a second: it is no longer used");
        }
        new ReadOnlySpan<byte>(destination, to.Length).CopyTo(to);
    }

    /// <summary>Stops the card before its memory is released.</summary>
    public void Dispose()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        _done?.Dispose();
        // Takes interrupts and memory away from it.
        _function.Dispose();
        _memory?.Dispose();
    }

    private void WriteAddress(uint register, ulong address)
    {
        _registers.Write32(register, (uint)address);
        _registers.Write32(register + 4, (uint)(address >> 32));
    }
}
