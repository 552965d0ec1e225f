using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Ixy.Hosting.Interop;
using Ixy.Vfio.VfioUser;
using static Ixy.Vfio.Interop.Vfio;

namespace Ixy.Hosting.VfioUser;

/// <summary>
/// DMA_MAP and DMA_UNMAP: which memory of the client the device may access, and how. Memory whose file cannot shrink is
/// mapped. Other files are read and written: touching a mapped page that the client has truncated would kill this
/// process (SIGBUS). Memory without a descriptor is accessed by messages. Used while the devices are stopped.
/// </summary>
internal sealed class DmaCommands(PciFunctionModel model, IClientMemory client) : IDisposable
{
    /// <summary>
    /// Limits on the number of mappings at a time, and on the memory mappings of this process for all its devices: the
    /// kernel allows a process 65,530 in all. Enough for 192 MiB in pages of 4 KiB.
    /// </summary>
    internal const int MostMappings = 49152;

    // Each keeps a file descriptor open, and a process has only some thousands.
    private const int MostOpenFiles = 256;

    // Each client has its own address range, and its mappings go where their device addresses say. So mappings that are
    // adjacent for the device are adjacent here: a ring whose pages came one command at a time is one piece of memory.
    // (Huge pages are the exception: each mapping takes up whole ones.) The range of 16 to 80 TiB is free: the kernel
    // allocates from the top, and programs are above it or at the bottom. If something is there after all, the kernel
    // chooses the address, and the device copies what crosses two mappings.
    private const ulong AreaLength = 1ul << 40, FirstArea = 16 * AreaLength;
    private const uint Areas = 64;
    private static uint s_lastArea;

    // Of all clients together.
    private static int s_mapped;

    private readonly ulong _area = FirstArea + Interlocked.Increment(ref s_lastArea) % Areas * AreaLength;
    private readonly Dictionary<ulong, (ulong Size, FileMapping Mapping)> _mapped = [];
    private readonly Dictionary<ulong, (ulong Size, bool IsFile)> _copied = [];
    private int _openFiles;

    /// <summary>There is memory that only the client can access.</summary>
    internal bool UsesClientMemory { get; private set; }

    internal int Map(Message message)
    {
        if (!message.TryRead(out Protocol.dma_map map) || map.argsz < Unsafe.SizeOf<Protocol.dma_map>())
            return Libc.EINVAL;
        const uint Known = Protocol.DMA_READABLE | Protocol.DMA_WRITEABLE;
        if ((map.flags & Known) == 0 || (map.flags & ~Known) != 0 || message.Descriptors.Count > 1) return Libc.EINVAL;
        if (map.size == 0 || (map.address | map.size | map.offset) % Protocol.PageLength != 0) return Libc.EINVAL;
        if (map.size > long.MaxValue || map.address > ulong.MaxValue - map.size + 1) return Libc.EINVAL;
        if (map.address + map.size == 0) return Libc.EINVAL; // The very last page: its end does not fit into 64 bits.
        if (model.Dma.IsMapped(map.address, map.size)) return Libc.EEXIST;
        if (_mapped.Count + _copied.Count >= MostMappings) return Libc.ENOSPC;
        return message.Descriptors.Count == 1 ? MapFile(map, message.Descriptors) : MapMessages(map);
    }

    internal int Unmap(Message message, Reply reply)
    {
        if (!message.TryRead(out Protocol.dma_unmap unmap) || unmap.argsz < Unsafe.SizeOf<Protocol.dma_unmap>())
            return Libc.EINVAL;
        if ((unmap.flags & ~DMA_UNMAP_FLAG_ALL) != 0) return Libc.EINVAL;
        if ((unmap.flags & DMA_UNMAP_FLAG_ALL) != 0)
        {
            if (unmap.address != 0 || unmap.size != 0) return Libc.EINVAL;
            Clear();
        }
        else if (!TryUnmap(unmap.address, unmap.size) && !TryUnmapWithin(unmap.address, unmap.size))
        {
            return Libc.ENOENT;
        }
        reply.Add(unmap);
        return 0;
    }

    /// <summary>Takes all of it away from the device.</summary>
    public void Dispose() => Clear();

    private int MapMessages(in Protocol.dma_map map)
    {
        if (map.offset != 0) return Libc.EINVAL;
        bool isWritable = (map.flags & Protocol.DMA_WRITEABLE) != 0;
        model.Dma.Map(map.address, map.size, new ClientMemory(client, map.address, isWritable));
        _copied.Add(map.address, (map.size, false));
        UsesClientMemory = true;
        return 0;
    }

    private int MapFile(in Protocol.dma_map map, PassedDescriptors descriptors)
    {
        int file = descriptors.Peek(0);
        // Only memory files have seals: anything else could keep the device waiting.
        int seals = Libc.fcntl(file, Libc.F_GET_SEALS, 0);
        if (seals < 0) return Libc.EINVAL;
        long length = Libc.lseek(file, 0, Libc.SEEK_END);
        if (length < 0 || map.offset > (ulong)length || map.size > (ulong)length - map.offset) return Libc.EINVAL;
        bool isWritable = (map.flags & Protocol.DMA_WRITEABLE) != 0;
        return (seals & Libc.F_SEAL_SHRINK) != 0 ? MapMemory(map, descriptors, isWritable)
            : MapCopies(map, descriptors, isWritable);
    }

    private int MapMemory(in Protocol.dma_map map, PassedDescriptors descriptors, bool isWritable)
    {
        if (s_mapped >= MostMappings) return Libc.ENOSPC;
        if (!FileMapping.TryMap(
            descriptors.Peek(0), map.offset, map.size, isWritable, _area + map.address % AreaLength, out var mapping))
        {
            // Linux before 6.7 cannot map a file that is sealed against writing.
            int error = Marshal.GetLastPInvokeError();
            return !isWritable && error == Libc.EPERM ? MapCopies(map, descriptors, isWritable) : error;
        }
        if (isWritable) model.Dma.Map(map.address, map.size, mapping.Memory);
        else model.Dma.Map(map.address, map.size, new ReadOnlyMapping(mapping));
        _mapped.Add(map.address, (map.size, mapping));
        s_mapped++;
        return 0;
    }

    private int MapCopies(in Protocol.dma_map map, PassedDescriptors descriptors, bool isWritable)
    {
        if (_openFiles == MostOpenFiles) return Libc.ENOSPC;
        // Opened read-only, or made of huge pages, which cannot be written this way.
        if (isWritable && !FileMemory.CanWrite(descriptors.Peek(0))) return Libc.EACCES;
        model.Dma.Map(map.address, map.size, new FileMemory(descriptors.Take(0), map.offset, isWritable));
        _copied.Add(map.address, (map.size, true));
        _openFiles++;
        return 0;
    }

    private bool TryUnmap(ulong address, ulong size)
    {
        if (_mapped.TryGetValue(address, out var mapped) && mapped.Size == size)
        {
            model.Dma.Unmap(address, size);
            mapped.Mapping.Release();
            s_mapped--;
            return _mapped.Remove(address);
        }
        if (!_copied.TryGetValue(address, out var copied) || copied.Size != size) return false;
        model.Dma.Unmap(address, size);
        if (copied.IsFile) _openFiles--;
        return _copied.Remove(address);
    }

    // The specification requires exactly one mapping. QEMU with a virtual IOMMU unmaps the whole address space in a few
    // large pieces when the guest moves the device to another domain, as the kernel's VFIO allows
    // (VFIO_IOMMU_UNMAP_DMA): all mappings inside are removed, and none is cut.
    private bool TryUnmapWithin(ulong address, ulong size)
    {
        if (size == 0 || address > ulong.MaxValue - (size - 1)) return false;
        ulong last = address + (size - 1);
        var touched = Mappings()
            .Where(mapping => mapping.Address <= last && mapping.Address + (mapping.Size - 1) >= address).ToList();
        if (touched.Count == 0
            || touched.Any(
                mapping => mapping.Address < address || mapping.Address + (mapping.Size - 1) > last)) return false;
        // Last one first, so that the others need not move up.
        return touched.OrderByDescending(mapping => mapping.Address)
            .All(mapping => TryUnmap(mapping.Address, mapping.Size));
    }

    private IEnumerable<(ulong Address, ulong Size)> Mappings() =>
        _mapped.Select(entry => (entry.Key, entry.Value.Size))
        .Concat(_copied.Select(entry => (entry.Key, entry.Value.Size)));

    private void Clear()
    {
        model.Dma.Clear();
        foreach (var (_, mapping) in _mapped.Values) mapping.Release();
        s_mapped -= _mapped.Count;
        _mapped.Clear();
        _copied.Clear();
        _openFiles = 0;
    }
}
