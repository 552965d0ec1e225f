using System.Globalization;
using Ixy.Hosting.Interop;

namespace Ixy.Hosting.Interrupts;

/// <summary>
/// The client's event descriptors for the interrupts of one kind and one purpose. Owned here. Used under the device's
/// lock.
/// </summary>
internal sealed class EventDescriptors : IDisposable
{
    /// <summary>Stands for no descriptor.</summary>
    internal const int None = -1;

    private readonly int[] _descriptors;

    internal EventDescriptors(int count)
    {
        _descriptors = new int[count];
        Array.Fill(_descriptors, None);
    }

    internal int Count => _descriptors.Length;

    internal bool IsEmpty => Array.TrueForAll(_descriptors, descriptor => descriptor == None);

    internal bool Has(int index) => _descriptors[index] != None;

    /// <summary>An eventfd, and nothing else: a write to a pipe or a file could last for ever.</summary>
    internal static bool IsEvent(int descriptor) =>
        // The whole text: the last part of it could be the name of a file or a pipe somewhere.
        new FileInfo(string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{descriptor}"))
            .LinkTarget is "anon_inode:[eventfd]";

    /// <summary>Takes a descriptor over; the one that was there is closed.</summary>
    internal void Set(int index, int descriptor)
    {
        if (_descriptors[index] != None) _ = Libc.close(_descriptors[index]);
        _descriptors[index] = descriptor;
    }

    internal void Clear(int index) => Set(index, None);

    /// <summary>Adds one to the event's count, if there is an event.</summary>
    internal void Signal(int index)
    {
        if (_descriptors[index] != None) EventSignal.Send(_descriptors[index]);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        for (int index = 0; index < _descriptors.Length; index++) Clear(index);
    }
}
