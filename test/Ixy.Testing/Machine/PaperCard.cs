using System.IO.MemoryMappedFiles;
using Ixy.Ixgbe;
using Ixy.Simulation.Ixgbe.Port;

namespace Ixy.Testing.Machine;

/// <summary>
/// The registers of an 82599 that is always ready, in a file: a reset ends as soon as it is seen, and the link is up.
/// It moves no packets; it is what the driver sees through the sysfs transport.
/// </summary>
internal sealed unsafe class PaperCard : IDisposable
{
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private readonly Thread _thread;
    private readonly byte* _registers;
    private volatile bool _stop;

    /// <param name="directory">The directory of a function in a <see cref="FakeSysfs"/>.</param>
    internal PaperCard(string directory)
    {
        _file = MemoryMappedFile.CreateFromFile(Path.Combine(directory, "resource0"), FileMode.Open);
        _view = _file.CreateViewAccessor();
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _registers);
        this[IxgbeRegisters.EEC] = IxgbeRegisters.EEC_.AutoReadDone;
        this[IxgbeRegisters.RDRXCTL] = IxgbeRegisters.RDRXCTL_.DmaInitDone;
        this[IxgbeRegisters.SECRXSTAT] = IxgbeRegisters.SECRXSTAT_.Ready;
        this[IxgbeRegisters.LINKS] = IxgbeRegisters.LINKS_.Up | LinkState.Speed10G;
        _thread = new Thread(EndResets);
        _thread.Start();
    }

    /// <summary>Whether the driver has enabled its first queues.</summary>
    internal bool IsStarted => this[IxgbeRegisters.RDT[0]] != 0
        && (this[IxgbeRegisters.RXCTRL] & IxgbeRegisters.RXCTRL_.Enable) != 0
        && (this[IxgbeRegisters.TXDCTL[0]] & IxgbeRegisters.TXDCTL_.Enable) != 0;

    internal uint this[uint offset]
    {
        get => Volatile.Read(ref *(uint*)(_registers + offset));
        set => Volatile.Write(ref *(uint*)(_registers + offset), value);
    }

    public void Dispose()
    {
        _stop = true;
        _thread.Join();
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _file.Dispose();
    }

    private void EndResets()
    {
        const uint Resets = IxgbeRegisters.CTRL_.RST | IxgbeRegisters.CTRL_.LRST;
        while (!_stop)
        {
            uint control = this[IxgbeRegisters.CTRL];
            if ((control & Resets) != 0) this[IxgbeRegisters.CTRL] = control & ~Resets;
            Thread.Sleep(1);
        }
    }
}
