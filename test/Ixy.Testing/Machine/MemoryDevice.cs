using System.Runtime.InteropServices;
using Ixy.Vfio;

namespace Ixy.Testing.Machine;

/// <summary>A PCI function whose registers are plain memory without effects: for tests that act as the card.</summary>
internal sealed unsafe class MemoryDevice(bool deviceAddressIsVirtual = true, bool givesPointers = true) : PciDevice
{
    internal MemoryBar Bar { get; } = new(givesPointers);

    public override string Name => "memory";

    public override bool DeviceAddressIsVirtual => deviceAddressIsVirtual;

    public override uint ReadConfig(int offset, int size) => 0;

    public override void WriteConfig(int offset, uint value, int size)
    {
        // There is nothing to do.
    }

    public override PciBar OpenBar(int index) => Bar;

    protected internal override void MapDma(DmaChunk chunk)
    {
        // The test accesses all memory itself.
    }

    protected internal override void UnmapDma(DmaChunk chunk)
    {
        // As above.
    }

    protected override void Close() => Bar.Free();

    internal sealed class MemoryBar(bool givesPointers) : PciBar
    {
        private readonly byte* _memory = (byte*)NativeMemory.AllocZeroed(0x20000);

        /// <summary>How many writes came as calls rather than through a pointer.</summary>
        internal int Writes { get; private set; }

        public override uint Length => 0x20000;

        protected override uint Load(uint offset, int size)
        {
            uint value = 0;
            new Span<byte>(_memory + offset, size).CopyTo(MemoryMarshal.AsBytes(new Span<uint>(ref value)));
            return value;
        }

        protected override void Store(uint offset, uint value, int size)
        {
            Writes++;
            MemoryMarshal.AsBytes(new Span<uint>(ref value))[..size].CopyTo(new Span<byte>(_memory + offset, size));
        }

        protected override void* PointerTo(uint offset) => givesPointers ? _memory + offset : null;

        internal void Free() => NativeMemory.Free(_memory);
    }
}
