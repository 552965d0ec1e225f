using Ixy.Hosting;
using Ixy.Hosting.Turns;
using Ixy.Vfio;

namespace Ixy.Testing.Machine;

/// <summary>
/// A model of a card behind the files of a function in <see cref="FakeSysfs"/>, in real time: each access to one of
/// them is an access to its registers, and its DMA has physical addresses. Its BARs are shown as I/O ports, which
/// software reaches through files; accesses to mapped memory would not come here.
/// </summary>
internal sealed class FuseCard : IDisposable
{
    private const int Bars = 6;
    private readonly PciFunctionModel _model;
    private readonly PhysicalMemory _memory;
    private readonly FuseFiles _files;
    private bool _isDisposed;

    /// <param name="model">Owned from now on.</param>
    /// <param name="directory">The function's.</param>
    internal FuseCard(PciFunctionModel model, string directory)
    {
        (_model, _memory) = (model, new(model));
        TurnScheduler.RealTime.Add(model);
        DmaArena.Attach(_memory);
        var files = new List<FuseFile> { new("config", (uint)model.ConfigLength, ReadConfig, WriteConfig) };
        for (int i = 0; i < Bars; i++)
        {
            int bar = i;
            if (model.BarLength(bar) == 0) continue;
            files.Add(new($"resource{bar}", model.BarLength(bar),
                (offset, size) => Alone(() => model.ReadBar(bar, offset, size)),
                (offset, value, size) => Alone(() =>
                {
                    model.WriteBar(bar, offset, value, size);
                    return value;
                })));
        }
        _files = new(files);
        foreach (var file in files)
        {
            string link = Path.Combine(directory, file.Name);
            File.Delete(link);
            File.CreateSymbolicLink(link, _files.PathOf(file.Name));
        }
    }

    public void Dispose()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        _files.Dispose();
        TurnScheduler.RealTime.Remove(_model);
        _memory.Dispose();
        _model.Dispose();
    }

    private uint ReadConfig(uint offset, int size)
    {
        uint value = Alone(() => _model.ReadConfig((int)offset, size));
        bool isBar = offset >= PciConfig.Bar0 && offset < PciConfig.Bar0 + Bars * sizeof(uint) && offset % 4 == 0;
        return isBar ? value | PciConfig.BarIsPorts : value;
    }

    private void WriteConfig(uint offset, uint value, int size) => Alone(() =>
    {
        _model.WriteConfig((int)offset, value, size);
        return value;
    });

    private uint Alone(Func<uint> access)
    {
        TurnScheduler.RealTime.Enter();
        try
        {
            _model.SetClock(DeviceThread.Now);
            return access();
        }
        finally
        {
            _model.Dma.EndTurn();
            TurnScheduler.RealTime.Leave();
        }
    }

    /// <summary>Lets the model see all DMA memory, as a card without an IOMMU does.</summary>
    private sealed unsafe class PhysicalMemory(PciFunctionModel model) : PciDevice
    {
        public override string Name => "physical memory";

        public override bool DeviceAddressIsVirtual => false;

        public override uint ReadConfig(int offset, int size) => 0;

        public override void WriteConfig(int offset, uint value, int size)
        {
            // The model has its own.
        }

        public override PciBar OpenBar(int index) => throw new NotSupportedException();

        protected internal override void MapDma(DmaChunk chunk) =>
            ForEachFrame(chunk, (address, physical) => model.Dma.Map(physical, DmaArena.FrameLength, (nint)address));

        protected internal override void UnmapDma(DmaChunk chunk) => ForEachFrame(
            chunk, (_, physical) => Assert.True(model.Dma.Unmap(physical, DmaArena.FrameLength)));

        protected override void Close()
        {
            // There is nothing else.
        }

        private static void ForEachFrame(DmaChunk chunk, Action<nuint, ulong> action) =>
            TurnScheduler.RealTime.BetweenTurns(() =>
            {
                for (nuint frame = 0; frame < chunk.Length; frame += DmaArena.FrameLength)
                    action(chunk.Address + frame, DmaArena.PhysicalAddress(chunk.Address + frame));
            });
    }
}
